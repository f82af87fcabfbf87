import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { authenticatePeer } from '../connection/authenticate.ts';
import { Connection } from '../connection/connection.ts';
import type { Transport } from '../connection/transport.ts';
import { IDLE_REASON } from '../messages/goodbye.ts';
import type { Message, MessageNamed } from '../messages/message-table.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { MemoryTransport } from '../testing/memory-transport.ts';
import type { ErrorCode } from '../words/error-codes.ts';
import { codeOf, MillraceError } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import type { Token } from '../words/task.ts';
import { Link } from './link.ts';

const secret = new Uint8Array(32).fill(7);
const peerLimits = {
  messageMaxBytes: limits.messageMaxBytes,
  payloadMaxBytes: limits.payloadMaxBytes,
  heartbeatIdleMs: 5_000,
  heartbeatIntervalMs: 1_000,
  heartbeatProbes: 3,
};

/** A manager that answers OPEN and RESUME, notes every message, and sends what a test says. */
class StubManager {
  readonly clock: ManualClock;
  readonly received: Message[] = [];
  dials = 0;
  reachable = true;
  lost: Token[] = [];
  refusal: ErrorCode | undefined;
  connection: Connection | undefined;
  transport: MemoryTransport | undefined;
  answer: (message: Message) => void = () => {};

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  readonly dial = (): Promise<Transport> => {
    this.dials += 1;
    if (!this.reachable) {
      return Promise.reject(new MillraceError('CONNECT_FAILED', 'no manager'));
    }
    const { dialler, manager } = MemoryTransport.pair(this.clock);
    void this.#serve(manager).catch(() => {});
    return Promise.resolve(dialler);
  };

  send(message: Message): void {
    this.connection?.send(message);
  }

  of<N extends Message['verb']>(name: N): Extract<Message, { verb: N }>[] {
    return this.received.filter(
      (message): message is Extract<Message, { verb: N }> => message.verb === name,
    );
  }

  async #serve(transport: MemoryTransport): Promise<void> {
    const { clock } = this;
    await authenticatePeer(transport, {
      secretOf: () => secret,
      limits: peerLimits,
      software: 'stub',
      clock,
      randomBytes,
    });
    this.transport = transport;
    this.connection = new Connection(
      {
        transport,
        side: 'manager',
        clock,
        heartbeat: { idleMs: 5_000, intervalMs: 1_000, probes: 3 },
        messageMaxBytes: limits.messageMaxBytes,
        outboundMaxBytes: limits.outboundMaxBytes,
      },
      {
        messages: (messages) => messages.forEach((message) => this.#take(message)),
        closed: () => {},
      },
    );
  }

  #take(message: Message): void {
    this.received.push(message);
    if (this.refusal !== undefined) {
      this.connection?.fail(new MillraceError(this.refusal, 'no'));
    } else if (message.verb === 'open' || message.verb === 'resume') {
      this.send({
        verb: 'session',
        sessionId: 's-1',
        ticket: new Uint8Array(32).fill(9),
        epoch: 1,
        graceMs: 2_000,
        lost: this.lost,
      });
    } else if (message.verb === 'goodbye') {
      this.send({ verb: 'goodbyeAck' });
    } else {
      this.answer(message);
    }
  }
}

const start = (key = { keyId: 'default', secret }) => {
  const clock = new ManualClock();
  const manager = new StubManager(clock);
  const log: string[] = [];
  const messages: Message[] = [];
  const tokens: Token[] = [];
  const onUp: { run?: () => void } = {};
  const link = new Link(
    {
      url: 'memory',
      key,
      role: 'client',
      peer: { name: 'p', host: 'h', pid: 1 },
      clock,
      randomBytes,
      dial: manager.dial,
    },
    {
      message: (message) => messages.push(message),
      unsettledTokens: () => tokens,
      up(session) {
        log.push(`up, lost ${session.lost.length}`);
        onUp.run?.();
      },
      down: (error) => log.push(`down ${error.code}`),
      ended: (error) => log.push(`ended ${error.code}`),
    },
  );
  return { clock, manager, log, messages, tokens, onUp, link };
};

const open = async () => {
  const parts = start();
  const started = parts.link.start(false);
  await parts.clock.settle();
  await started;
  return parts;
};

const statusRequest = (giveUpAtMs = Number.POSITIVE_INFINITY) => ({
  build: (requestId: number): Message => ({ verb: 'status', requestId }),
  giveUpAtMs,
  giveUp: () => new MillraceError('UNKNOWN', 'no answer'),
});

const codeOfRejection = (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => codeOf(error),
  );

const report = (requestId: number): MessageNamed<'statusReport'> => ({
  verb: 'statusReport',
  requestId,
  document: Uint8Array.of(0xc0),
});

describe('the first connection', () => {
  test('opens a session and tells the limits', async () => {
    const { link, log, manager } = await open();
    expect(log).toEqual(['up, lost 0']);
    expect(link.isOpen).toBe(true);
    expect(link.session?.sessionId).toBe('s-1');
    expect(link.limits).toEqual(peerLimits);
    expect(manager.of('open')).toHaveLength(1);
  });

  test('rejects at once when the manager cannot be reached', async () => {
    const { link, log, manager, clock } = start();
    manager.reachable = false;
    const started = codeOfRejection(link.start(false));
    await clock.settle();
    expect(await started).toBe('CONNECT_FAILED');
    expect(log).toEqual(['ended CONNECT_FAILED']);
    expect(clock.timersWaiting).toBe(0);
  });

  test('rejects when the manager refuses it after the handshake', async () => {
    const { clock, link, log, manager } = start();
    manager.refusal = 'TOO_MANY_CONNECTIONS';
    const started = codeOfRejection(link.start(false));
    await clock.settle();
    expect(await started).toBe('TOO_MANY_CONNECTIONS');
    expect(log).toEqual(['ended TOO_MANY_CONNECTIONS']);
    // Later requests are told the reason, too.
    expect(await codeOfRejection(link.request(statusRequest()))).toBe('TOO_MANY_CONNECTIONS');
  });

  test('keeps trying when it is patient', async () => {
    const { link, log, manager, clock } = start();
    manager.reachable = false;
    const started = link.start(true);
    await clock.advance(30_000);
    expect(manager.dials).toBeGreaterThan(6);
    manager.reachable = true;
    await clock.advance(5_000);
    await started;
    expect(log.at(-1)).toBe('up, lost 0');
  });

  test.each([false, true])(
    'with a wrong key ends the link, patient or not (%s)',
    async (patient) => {
      const { link, log, manager, clock } = start({ keyId: 'default', secret: new Uint8Array(32) });
      const started = codeOfRejection(link.start(patient));
      await clock.advance(60_000);
      expect(await started).toBe('AUTH_FAILED');
      expect(log).toEqual(['ended AUTH_FAILED']);
      expect(manager.dials).toBe(1);
    },
  );

  test('sends the requests that were made before it stood', async () => {
    const { link, manager, clock } = start();
    const started = link.start(true);
    manager.answer = (message) =>
      message.verb === 'status' && manager.send(report(message.requestId));
    const reply = link.request(statusRequest());
    await clock.settle();
    await started;
    expect((await reply).verb).toBe('statusReport');
    expect(manager.of('status')).toHaveLength(1);
  });

  test('lets requests give up that wait for it', async () => {
    const { link, manager, clock } = start();
    manager.reachable = false;
    void link.start(true).catch(() => {});
    const reply = codeOfRejection(link.request(statusRequest(3_000)));
    await clock.advance(4_000);
    expect(await reply).toBe('UNKNOWN');
    await link.close('done');
  });
});

describe('after a lost connection', () => {
  test('the session is taken up again with every unsettled token', async () => {
    const { clock, link, log, manager, tokens } = await open();
    tokens.push({ taskId: 'a', epoch: 1, grant: 1 }, { taskId: 'b', epoch: 1, grant: 4 });
    manager.lost = [{ taskId: 'b', epoch: 1, grant: 4 }];
    manager.transport?.terminate();
    await clock.advance(200);
    expect(log).toEqual(['up, lost 0', 'down CONNECTION_LOST', 'up, lost 1']);
    expect(manager.of('resume')).toMatchObject([{ sessionId: 's-1', tokens }]);
    expect([...(manager.of('resume')[0]?.ticket ?? [])]).toEqual(
      Array.from({ length: 32 }, () => 9),
    );
    expect(link.isOpen).toBe(true);
  });

  test('the dials back off: few in the first second, one in 5 s or less later', async () => {
    const { clock, manager } = await open();
    manager.reachable = false;
    manager.transport?.terminate();
    await clock.advance(120_000);
    // Each wait is random below its ceiling; the ceilings add up to 5 s after six dials.
    expect(manager.dials).toBeGreaterThan(120_000 / 5_000);
    expect(manager.dials).toBeLessThan(150);
    manager.reachable = true;
    await clock.advance(5_000);
    expect(manager.of('resume')).toHaveLength(1);
  });

  test('a request that was not answered is sent again with its id, and one that was is not', async () => {
    const { clock, link, manager } = await open();
    const first = link.request(statusRequest());
    await clock.settle();
    manager.send(report(1));
    await clock.settle();
    await first;
    const second = link.request(statusRequest());
    await clock.settle();
    manager.transport?.terminate();
    await clock.advance(200);
    expect(manager.of('status').map(({ requestId }) => requestId)).toEqual([1, 2, 2]);
    manager.send(report(2));
    await clock.settle();
    expect((await second).verb).toBe('statusReport');
  });

  test('a request that `up` makes is sent once', async () => {
    const { clock, link, manager, onUp } = await open();
    onUp.run = () => void link.request(statusRequest()).catch(() => {});
    manager.transport?.terminate();
    await clock.advance(200);
    expect(manager.of('status')).toHaveLength(1);
  });

  test('a request is given up at its time, and not before', async () => {
    const { clock, link, manager } = await open();
    const reply = codeOfRejection(link.request(statusRequest(10_000)));
    manager.reachable = false;
    await clock.settle();
    manager.transport?.terminate();
    await clock.advance(9_500);
    let done = false;
    void reply.then(() => (done = true));
    await clock.settle();
    expect(done).toBe(false);
    await clock.advance(1_000);
    expect(await reply).toBe('UNKNOWN');
  });

  test('a manager that is there and does not answer is given up a little later, and told', async () => {
    const { clock, link, manager } = await open();
    const reply = codeOfRejection(link.request(statusRequest(1_000)));
    await clock.advance(1_000 + limits.answerSlackMs - 500);
    expect(manager.of('withdraw')).toEqual([]);
    await clock.advance(1_000);
    expect(await reply).toBe('UNKNOWN');
    expect(manager.of('withdraw')).toMatchObject([{ requestId: 1 }]);
  });

  test('a message that needs no answer is dropped', async () => {
    const { clock, link, manager } = await open();
    manager.transport?.terminate();
    await clock.settle();
    link.send({ verb: 'withdraw', requestId: 1 });
    await clock.advance(200);
    expect(manager.of('withdraw')).toEqual([]);
  });

  test('a silent manager is found dead and dialled again', async () => {
    const { clock, log, manager } = await open();
    manager.transport?.vanish();
    await clock.advance(8_200);
    expect(log).toEqual(['up, lost 0', 'down PEER_DEAD', 'up, lost 0']);
  });
});

describe('a full queue', () => {
  test('parks the request, and ROOM makes it come again with the same id', async () => {
    const { clock, link, manager } = await open();
    const reply = link.request(statusRequest());
    await clock.settle();
    manager.send({ verb: 'parked', requestId: 1 });
    await clock.settle();
    expect(manager.of('status')).toHaveLength(1);
    manager.send({ verb: 'room', requestId: 1 });
    await clock.settle();
    expect(manager.of('status').map(({ requestId }) => requestId)).toEqual([1, 1]);
    manager.send(report(1));
    await clock.settle();
    expect((await reply).verb).toBe('statusReport');
  });

  test('that stays full rejects with the code of the manager, and the link goes on', async () => {
    const { clock, link, manager, log } = await open();
    const reply = codeOfRejection(link.request(statusRequest()));
    await clock.settle();
    manager.send({ verb: 'parked', requestId: 1 });
    manager.send({ verb: 'error', requestId: 1, code: 'QUEUE_FULL', message: 'full' });
    await clock.settle();
    expect(await reply).toBe('QUEUE_FULL');
    expect(log).toEqual(['up, lost 0']);
  });
});

test('messages that answer nothing reach the owner', async () => {
  const { clock, manager, messages } = await open();
  manager.send({ verb: 'abort', token: { taskId: 'a', epoch: 1, grant: 1 }, reason: 'fenced' });
  manager.send({ verb: 'empty', requestId: 99 });
  await clock.settle();
  expect(messages.map(({ verb }) => verb)).toEqual(['abort', 'empty']);
});

test('an error code of a newer manager is kept in the text', async () => {
  const { clock, link, manager } = await open();
  const refused = expect(link.request(statusRequest())).rejects.toThrow('NEW_CODE: what');
  await clock.settle();
  manager.send({ verb: 'error', requestId: 1, code: 'NEW_CODE', message: 'what' });
  await clock.settle();
  await refused;
});

describe('goodbye', () => {
  test('of the client ends the link and rejects what was not answered', async () => {
    const { clock, link, log, manager } = await open();
    const reply = codeOfRejection(link.request(statusRequest()));
    const closed = link.close('done');
    await clock.settle();
    await closed;
    expect(await reply).toBe('CLIENT_CLOSED');
    expect(manager.of('goodbye')).toMatchObject([{ reason: 'done' }]);
    expect(log).toEqual(['up, lost 0', 'ended CLIENT_CLOSED']);
    expect(await codeOfRejection(link.request(statusRequest()))).toBe('CLIENT_CLOSED');
  });

  test('of the client leaves no timer that would keep the process alive', async () => {
    const { clock, link } = await open();
    const closed = link.close('done');
    await clock.settle();
    await closed;
    expect(clock.timersWaiting).toBe(0);
  });

  test('of the client ends also when the manager does not answer', async () => {
    const { clock, link, log, manager } = await open();
    manager.transport?.vanish();
    const closed = link.close('done');
    await clock.advance(3_000);
    await closed;
    expect(log.at(-1)).toBe('ended CLIENT_CLOSED');
    expect(clock.timersWaiting).toBeLessThanOrEqual(1);
  });

  test('of the client ends once, when it is said twice', async () => {
    const { clock, link, log, manager } = await open();
    const answered = link.request(statusRequest());
    const both = Promise.all([link.close('done'), link.close('done')]);
    manager.send(report(1));
    await clock.settle();
    await both;
    expect((await answered).verb).toBe('statusReport');
    expect(log).toEqual(['up, lost 0', 'ended CLIENT_CLOSED']);
  });

  test('of the client while it waits to dial again ends at once', async () => {
    const { clock, link, log, manager } = await open();
    manager.reachable = false;
    manager.transport?.terminate();
    await clock.advance(500);
    await link.close('done');
    await clock.advance(60_000);
    expect(log.at(-1)).toBe('ended CLIENT_CLOSED');
    expect(clock.timersWaiting).toBe(0);
  });

  test('of the manager is answered, and the link dials again', async () => {
    const { clock, log, manager } = await open();
    manager.send({ verb: 'goodbye', reason: 'restart' });
    await clock.advance(300);
    expect(manager.of('goodbyeAck')).toHaveLength(1);
    expect(log).toEqual(['up, lost 0', 'down CONNECTION_LOST', 'up, lost 0']);
  });
});

describe('an ERROR that ends the connection', () => {
  test.each(['AUTH_FAILED', 'UNSUPPORTED_VERSION', 'BAD_FIELD'] as const)(
    'ends the link for good when it is %s',
    async (code) => {
      const { clock, link, log, manager } = await open();
      const reply = codeOfRejection(link.request(statusRequest()));
      await clock.settle();
      manager.connection?.fail(new MillraceError(code, 'why'));
      await clock.advance(60_000);
      expect(log).toEqual(['up, lost 0', `ended ${code}`]);
      expect(await reply).toBe(code);
      expect(manager.dials).toBe(1);
      expect(clock.timersWaiting).toBe(0);
    },
  );

  test.each(['SHUTTING_DOWN', 'SLOW_READER', 'SUPERSEDED', 'TOO_MANY_CONNECTIONS'] as const)(
    'makes the link dial again when it is %s',
    async (code) => {
      const { clock, log, manager } = await open();
      manager.connection?.fail(new MillraceError(code, 'why'));
      await clock.advance(300);
      expect(log).toEqual(['up, lost 0', `down ${code}`, 'up, lost 0']);
    },
  );
});

describe('a manager that says goodbye because there is nothing to say', () => {
  const dismissed = async () => {
    const parts = await open();
    parts.manager.send({ verb: 'goodbye', reason: IDLE_REASON });
    await parts.clock.settle();
    return parts;
  };

  test('is left without an error, and not dialled until there is a request', async () => {
    const { clock, link, log, manager } = await dismissed();
    await clock.advance(60_000);
    expect([manager.dials, log]).toEqual([1, ['up, lost 0']]);
    manager.answer = (message) => {
      if (message.verb === 'status') {
        manager.send(report(message.requestId));
      }
    };
    const answered = Promise.all([link.request(statusRequest()), link.request(statusRequest())]);
    await clock.settle();
    expect(await answered).toHaveLength(2);
    expect([manager.dials, log]).toEqual([2, ['up, lost 0', 'up, lost 0']]);
    expect(manager.of('resume')).toHaveLength(1);
  });

  test('is dialled at once for a request that crossed the goodbye', async () => {
    const { clock, link, log, manager } = await open();
    manager.send({ verb: 'goodbye', reason: IDLE_REASON });
    const answered = link.request(statusRequest());
    await clock.settle();
    manager.answer = (message) => {
      if (message.verb === 'status') {
        manager.send(report(message.requestId));
      }
    };
    const [sent] = manager.of('status').slice(-1);
    manager.send(report(sent?.requestId ?? 0));
    await clock.settle();
    expect(await answered).toMatchObject({ verb: 'statusReport' });
    expect([manager.dials, log]).toEqual([2, ['up, lost 0', 'up, lost 0']]);
  });

  test('leaves nothing behind when its link is closed', async () => {
    const { clock, link, log, manager } = await dismissed();
    const closed = link.close('done');
    await clock.settle();
    await closed;
    expect([manager.dials, log.at(-1)]).toEqual([1, 'ended CLIENT_CLOSED']);
    expect(clock.timersWaiting).toBe(0);
  });

  test('is dialled again and again when it cannot be reached', async () => {
    const { clock, link, log, manager } = await dismissed();
    manager.reachable = false;
    const answered = codeOfRejection(link.request(statusRequest(clock.monotonicMs() + 5_000)));
    await clock.advance(20_000);
    expect(await answered).toBe('UNKNOWN');
    expect(manager.dials).toBeGreaterThan(3);
    expect(log).toContain('down CONNECT_FAILED');
    manager.reachable = true;
    await clock.advance(10_000);
    expect(link.isOpen).toBe(true);
  });
});
