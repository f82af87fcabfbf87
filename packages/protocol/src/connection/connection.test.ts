import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../messages/frame.ts';
import type { Message } from '../messages/message-table.ts';
import { tuning } from '../runtime/tuning.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { MemoryTransport } from '../testing/memory-transport.ts';
import { sessionMessage as session } from '../testing/session-message.ts';
import { codeOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { Connection, type ConnectionOptions, type PeerReport } from './connection.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** A transport that takes everything at once, and calls `drained` when the test says so. */
class OpenTransport implements Transport {
  readonly remoteAddress = 'open';
  readonly waitingBytes = 0;
  readonly sentFrames: Uint8Array[] = [];
  #events: TransportEvents | undefined;

  listen(events: TransportEvents): void {
    this.#events = events;
  }

  send(frame: Uint8Array): void {
    this.sentFrames.push(frame);
  }

  drained(): void {
    this.#events?.drained();
  }

  pause(): void {}
  resume(): void {}
  close(): void {}
  terminate(): void {}
}

const heartbeat = { idleMs: 5_000, intervalMs: 1_000, probes: 3 };
const report: PeerReport = {
  loopLagMs: 1,
  rssBytes: 2,
  slots: 3,
  busySlots: 4,
  lostSlots: undefined,
  lost: undefined,
  blocked: undefined,
};
const peer = { name: 'p', host: 'h', pid: 1 };

const endOf = <T extends Transport>(
  transport: T,
  side: 'dialler' | 'manager',
  clock: ManualClock,
  more: Partial<ConnectionOptions> = {},
) => {
  const received: Message[] = [];
  const closed: string[] = [];
  const react: { on?: (message: Message) => void } = {};
  const connection = new Connection(
    {
      transport,
      side,
      clock,
      heartbeat,
      messageMaxBytes: limits.messageMaxBytes,
      outboundMaxBytes: 4_000_000,
      ...more,
    },
    {
      messages(messages) {
        for (const message of messages) {
          received.push(message);
          react.on?.(message);
        }
      },
      closed: (error) => closed.push(`${codeOf(error)}: ${error.message}`),
    },
  );
  return { connection, received, closed, react, transport };
};

const names = (messages: readonly Message[]): string[] => messages.map(({ verb }) => verb);
const errorCodes = (closed: readonly string[]): string[] =>
  closed.map((line) => line.split(':')[0] ?? '');

const start = (more: Partial<ConnectionOptions> = {}) => {
  const clock = new ManualClock();
  const pair = MemoryTransport.pair(clock);
  const dialler = endOf(pair.dialler, 'dialler', clock, { report: () => report });
  const manager = endOf(pair.manager, 'manager', clock, more);
  return { clock, dialler, manager };
};

/** Two ends with an open session. */
const open = async (more: Partial<ConnectionOptions> = {}) => {
  const ends = start(more);
  ends.dialler.connection.send({ verb: 'open', peer });
  await ends.clock.settle();
  ends.manager.connection.send(session);
  await ends.clock.settle();
  expect(ends.dialler.connection.state).toBe('open');
  expect(ends.manager.connection.state).toBe('open');
  ends.dialler.received.length = 0;
  ends.manager.received.length = 0;
  return ends;
};

const empty = (requestId: number): Message => ({ verb: 'empty', requestId });
const status = (requestId: number): Message => ({ verb: 'status', requestId });
const statusReport = (requestId: number, bytes: number): Message => ({
  verb: 'statusReport',
  requestId,
  document: new Uint8Array(bytes),
});

describe('two ends', () => {
  test('send all of one turn as one frame', async () => {
    const { clock, dialler, manager } = await open();
    const before = dialler.transport.sentFrames.length;
    dialler.connection.send(status(1));
    dialler.connection.send(status(2));
    await clock.settle();
    expect(dialler.transport.sentFrames.length - before).toBe(1);
    expect(names(manager.received)).toEqual(['status', 'status']);
  });

  test('send a full frame at once if they are a manager, and at the end of the turn if not', async () => {
    const { clock, dialler, manager } = await open();
    const moreThanTwoFrames = 20_000;
    for (const { connection, transport } of [manager, dialler]) {
      transport.sentFrames.length = 0;
      for (let i = 0; i < moreThanTwoFrames; i++) {
        connection.send({ verb: 'ping', stampMs: 100_000 });
      }
    }
    expect(manager.transport.sentFrames.length).toBe(2);
    expect(dialler.transport.sentFrames).toEqual([]);
    await clock.settle();
    expect(dialler.transport.sentFrames.length).toBeGreaterThan(1);
  });

  test('send what fills no frame at the end of the turn, though the transport has room before', async () => {
    const clock = new ManualClock();
    const transport = new OpenTransport();
    const { connection } = endOf(transport, 'manager', clock);
    const ping: Message = { verb: 'ping', stampMs: 100_000 };
    for (let i = 0; i < 10_000; i++) {
      connection.send(ping);
    }
    expect(transport.sentFrames.length).toBe(1);
    transport.drained();
    expect(transport.sentFrames.length).toBe(1);
    await clock.settle();
    expect(transport.sentFrames.length).toBe(2);
    connection.sendSoon(ping);
    transport.drained();
    expect(transport.sentFrames.length).toBe(2);
    await clock.advance(tuning.sendSoonMs);
    expect(transport.sentFrames.length).toBe(3);
  });

  test('send what nobody waits for with what comes next, or soon', async () => {
    const { clock, dialler, manager } = await open();
    const framesBefore = manager.transport.sentFrames.length;
    manager.connection.sendSoon(empty(1));
    await clock.settle();
    expect(dialler.received).toEqual([]);
    manager.connection.send(empty(2));
    await clock.settle();
    expect(dialler.received).toEqual([empty(1), empty(2)]);
    manager.connection.sendSoon(empty(3));
    await clock.advance(tuning.sendSoonMs);
    expect(dialler.received).toEqual([empty(1), empty(2), empty(3)]);
    expect(manager.transport.sentFrames.length).toBe(framesBefore + 2);
  });

  test('send at once what its reader has nothing to do without, and what waits with it', async () => {
    const { clock, dialler, manager } = await open();
    const framesBefore = manager.transport.sentFrames.length;
    manager.connection.sendSoon(empty(1));
    manager.connection.send(empty(2));
    manager.connection.sendNow(empty(3));
    expect(manager.transport.sentFrames.length).toBe(framesBefore + 1);
    await clock.advance(tuning.sendSoonMs);
    expect(dialler.received).toEqual([empty(1), empty(2), empty(3)]);
    expect(manager.transport.sentFrames.length).toBe(framesBefore + 1);
  });

  test('send what nobody waits for before they end, and leave no timer behind', async () => {
    const { clock, dialler, manager } = await open();
    dialler.connection.sendSoon(status(1));
    dialler.connection.close('done');
    await clock.advance(1);
    expect(names(manager.received)).toEqual(['status']);
    expect(clock.timersWaiting).toBe(0);
  });

  test('pass a message of 3 MiB in parts, and a small one before it', async () => {
    const { clock, dialler, manager } = await open();
    manager.connection.send(statusReport(1, 3 * 1024 * 1024));
    manager.connection.send({ verb: 'empty', requestId: 2 });
    await clock.settle();
    expect(names(dialler.received)).toEqual(['empty', 'statusReport']);
    for (const frame of manager.transport.sentFrames) {
      expect(frame.length).toBeLessThanOrEqual(limits.frameMaxBytes);
    }
  });

  test('refuse to send what the state does not allow, and send nothing of it', async () => {
    const { clock, dialler, manager } = start();
    expect(() => dialler.connection.send(status(1))).toThrow(
      'invalid move [authenticated -> status]',
    );
    await clock.settle();
    expect(dialler.transport.sentFrames).toEqual([]);
    expect(manager.closed).toEqual([]);
  });
});

describe('heartbeats', () => {
  test('of idle ends are answered, with the report of the dialler', async () => {
    const { clock, dialler, manager } = await open();
    await clock.advance(60_000);
    expect([...dialler.closed, ...manager.closed]).toEqual([]);
    expect(manager.connection.pulse.report).toEqual(report);
    expect(manager.connection.pulse.roundTripMs).toBe(0);
    expect(dialler.received).toEqual([]);
  });

  test('find within 8 s a peer whose host vanished', async () => {
    const { clock, dialler, manager } = await open();
    dialler.transport.vanish();
    await clock.advance(7_999);
    expect(manager.closed).toEqual([]);
    await clock.advance(1);
    expect(errorCodes(manager.closed)).toEqual(['PEER_DEAD']);
    expect(manager.transport.isOpen).toBe(false);
  });

  test('are not missed while a large message travels', async () => {
    const { clock, dialler, manager } = await open();
    manager.connection.send(statusReport(1, 3_000_000));
    dialler.connection.send({ verb: 'ping', stampMs: 7 });
    await clock.settle();
    const verbs = manager.transport.sentFrames.flatMap((frame) => names(decodeFrame(frame)));
    expect(verbs.indexOf('pong')).toBeLessThan(verbs.lastIndexOf('part'));
  });

  test('do not take a peer for dead that is held back', async () => {
    const { clock, dialler, manager } = await open();
    manager.connection.holdBack(true);
    dialler.connection.send(status(1));
    await clock.advance(30_000);
    expect([...dialler.closed, ...manager.closed]).toEqual([]);
    expect(manager.received).toEqual([]);
    manager.connection.holdBack(false);
    await clock.settle();
    expect(names(manager.received)).toEqual(['status']);
  });

  test('leave no timer behind when the connection has ended', async () => {
    const { clock, dialler } = await open();
    dialler.connection.close('done');
    await clock.advance(1);
    expect(clock.timersWaiting).toBe(0);
  });

  test('do not begin on a transport that had ended before', async () => {
    const clock = new ManualClock();
    const { dialler } = MemoryTransport.pair(clock);
    dialler.terminate();
    await clock.settle();
    const { closed } = endOf(dialler, 'dialler', clock);
    expect(errorCodes(closed)).toEqual(['CONNECTION_LOST']);
    expect(clock.timersWaiting).toBe(0);
  });
});

describe('a peer that breaks the rules is told and cut off', () => {
  const broken: readonly [string, Uint8Array, string][] = [
    ['bytes that are no frame', Uint8Array.of(0xc1), 'MALFORMED_FRAME'],
    ['an unknown verb', Uint8Array.of(0x91, 0x91, 0x7f), 'UNKNOWN_VERB'],
    ['a bad field', Uint8Array.of(0x91, 0x92, 48, 0), 'BAD_FIELD'],
    [
      'a verb that only the manager may send',
      encodeFrame([{ verb: 'empty', requestId: 1 }]),
      'UNEXPECTED_MESSAGE',
    ],
    [
      'HELLO again',
      encodeFrame([
        {
          verb: 'hello',
          version: 1,
          keyId: 'k',
          role: 'client',
          nonce: new Uint8Array(32),
          binding: 'none',
        },
      ]),
      'UNEXPECTED_MESSAGE',
    ],
    ['OPEN again', encodeFrame([{ verb: 'open', peer }]), 'UNEXPECTED_MESSAGE'],
    [
      'an answer to a goodbye that nobody said',
      encodeFrame([{ verb: 'goodbyeAck' }]),
      'UNEXPECTED_MESSAGE',
    ],
    [
      'a frame larger than 64 KiB',
      encodeFrame([
        { verb: 'goodbye', reason: 'x' },
        ...Array.from(
          { length: 70 },
          (): Message => ({ verb: 'goodbye', reason: 'x'.repeat(1_000) }),
        ),
      ]),
      'MALFORMED_FRAME',
    ],
    [
      'parts inside a part',
      encodeFrame([
        {
          verb: 'part',
          last: true,
          bytes: encodeFrame([{ verb: 'part', last: true, bytes: encodeFrame([status(1)]) }]),
        },
      ]),
      'MALFORMED_FRAME',
    ],
    [
      'a message that is refused behind one that its last part completes',
      encodeFrame([{ verb: 'part', last: true, bytes: encodeFrame([status(1)]) }, session]),
      'UNEXPECTED_MESSAGE',
    ],
    [
      'two messages in parts',
      encodeFrame([{ verb: 'part', last: true, bytes: encodeFrame([status(1), status(2)]) }]),
      'MALFORMED_FRAME',
    ],
    [
      'no message in parts',
      encodeFrame([{ verb: 'part', last: true, bytes: encodeFrame([]) }]),
      'MALFORMED_FRAME',
    ],
  ];

  test.each(broken)('for %s', async (_what, frame, code) => {
    const { clock, dialler, manager } = await open();
    dialler.transport.send(frame);
    await clock.advance(2_000);
    expect(manager.received).toEqual([]);
    expect(errorCodes(manager.closed)).toEqual([code]);
    expect(errorCodes(dialler.closed)).toEqual([code]);
    expect(dialler.transport.isOpen || manager.transport.isOpen).toBe(false);
    expect(clock.timersWaiting).toBe(0);
  });

  test('for nothing that is small: messages keep their order, with what a last part completes', async () => {
    const { clock, dialler, manager } = await open();
    const bytes = encodeFrame([status(2)]);
    const parts = [...bytes].map(
      (byte, i): Message => ({
        verb: 'part',
        last: i === bytes.length - 1,
        bytes: Uint8Array.of(byte),
      }),
    );
    dialler.transport.send(encodeFrame([status(1), ...parts, status(3)]));
    await clock.settle();
    expect(manager.received).toEqual([status(1), status(2), status(3)]);
  });

  test('for a message in parts beyond the limit', async () => {
    const { clock, dialler, manager } = await open({ messageMaxBytes: 100_000 });
    const tasks = [0, 1].map((n) => ({
      taskId: `t${n}`,
      queue: 'q',
      name: 'n',
      payload: new Uint8Array(60_000),
      priority: 0,
      delayMs: 0,
      deadlineMs: null,
      attempts: 1,
      expiresInMs: undefined,
    }));
    dialler.connection.send({
      verb: 'enqueue',
      requestId: 1,
      waitMs: 0,
      awaitMs: undefined,
      tasks,
    });
    await clock.settle();
    expect(errorCodes(manager.closed)).toEqual(['MALFORMED_FRAME']);
  });

  test('when it does not read: SLOW_READER, and the transport ends though nothing can leave', async () => {
    const { clock, manager } = await open({ outboundMaxBytes: 3_000_000 });
    manager.transport.stalled = true;
    manager.connection.send(statusReport(1, 2_000_000));
    await clock.settle();
    expect(manager.closed).toEqual([]);
    manager.connection.send(statusReport(2, 2_000_000));
    expect(errorCodes(manager.closed)).toEqual(['SLOW_READER']);
    await clock.advance(1_000);
    expect(manager.transport.isOpen).toBe(false);
  });

  test('with an ERROR whose text fits its field, whatever the receiver threw', async () => {
    const { clock, dialler, manager } = await open();
    manager.react.on = () => {
      throw new Error('ü'.repeat(10_000));
    };
    dialler.connection.send(status(1));
    await clock.settle();
    expect(errorCodes(manager.closed)).toEqual(['INTERNAL']);
    expect(errorCodes(dialler.closed)).toEqual(['INTERNAL']);
  });
});

test('what follows the end of a connection is ignored', async () => {
  const { clock, dialler, manager } = await open();
  manager.transport.stalled = true;
  manager.connection.close('done');
  dialler.connection.send(status(1));
  dialler.transport.send(Uint8Array.of(0xc1));
  await clock.advance(2_000);
  expect(manager.received).toEqual([]);
  expect(errorCodes(manager.closed)).toEqual(['CONNECTION_LOST']);
});

describe('goodbye', () => {
  const bothSaidGoodbye = 'CONNECTION_LOST: both sides said goodbye';
  const answering = (end: ReturnType<typeof endOf>): void => {
    end.react.on = (message) => {
      if (message.verb === 'goodbye') {
        end.connection.send({ verb: 'goodbyeAck' });
      }
    };
  };

  test.each(['dialler', 'manager'] as const)(
    'said by the %s ends both sides in peace',
    async (first) => {
      const ends = await open();
      answering(ends.dialler);
      answering(ends.manager);
      ends[first].connection.send({ verb: 'goodbye', reason: 'done' });
      await ends.clock.advance(1);
      expect(ends.dialler.closed).toEqual([bothSaidGoodbye]);
      expect(ends.manager.closed).toEqual([bothSaidGoodbye]);
      expect(ends.manager.transport.isOpen).toBe(false);
      expect(ends.clock.timersWaiting).toBe(0);
    },
  );

  test('said by both at once ends both sides in peace', async () => {
    const { clock, dialler, manager } = await open();
    answering(dialler);
    answering(manager);
    dialler.connection.send({ verb: 'goodbye', reason: 'done' });
    manager.connection.send({ verb: 'goodbye', reason: 'SIGTERM' });
    await clock.advance(1);
    expect(dialler.closed).toEqual([bothSaidGoodbye]);
    expect(manager.closed).toEqual([bothSaidGoodbye]);
  });

  test('is answered after the replies that were owed, large ones too', async () => {
    const { clock, dialler, manager } = await open();
    manager.react.on = (message) => {
      if (message.verb === 'goodbye') {
        manager.connection.send(statusReport(1, 500_000));
        manager.connection.send({ verb: 'goodbyeAck' });
      }
    };
    dialler.connection.send(status(1));
    dialler.connection.send({ verb: 'goodbye', reason: 'done' });
    await clock.advance(1);
    expect(names(dialler.received)).toEqual(['statusReport', 'goodbyeAck']);
    expect(dialler.closed).toEqual([bothSaidGoodbye]);
  });

  test('of a side that is asked to leave while its answer to a goodbye waits is not needed', async () => {
    const { clock, dialler, manager } = await open();
    manager.react.on = (message) => {
      if (message.verb === 'goodbye') {
        manager.connection.send(statusReport(1, 500_000));
        manager.connection.send({ verb: 'goodbyeAck' });
        manager.connection.send({ verb: 'goodbye', reason: 'SIGTERM' });
      }
    };
    dialler.connection.send(status(1));
    dialler.connection.send({ verb: 'goodbye', reason: 'done' });
    await clock.advance(1);
    expect(names(dialler.received)).toEqual(['statusReport', 'goodbyeAck']);
    expect(dialler.closed).toEqual([bothSaidGoodbye]);
    expect(manager.closed).toEqual([bothSaidGoodbye]);
  });

  test('does not overtake a large request before it', async () => {
    const { clock, dialler, manager } = await open();
    const results = [
      {
        taskId: 't',
        epoch: 1,
        grant: 1,
        kind: 'succeeded' as const,
        result: new Uint8Array(500_000),
        error: undefined,
      },
    ];
    dialler.connection.send({ verb: 'settle', requestId: 1, results });
    dialler.connection.send({ verb: 'goodbye', reason: 'done' });
    await clock.settle();
    expect(names(manager.received)).toEqual(['settle', 'goodbye']);
  });

  test('to a dialler that does not end the connection ends with a cut', async () => {
    const { clock, dialler, manager } = await open();
    answering(manager);
    manager.transport.stalled = true;
    dialler.connection.send({ verb: 'goodbye', reason: 'done' });
    await clock.settle();
    expect(manager.transport.isOpen).toBe(true);
    await clock.advance(limits.farewellMaxMs);
    expect(manager.transport.isOpen).toBe(false);
  });
});
