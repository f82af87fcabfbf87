import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../messages/frame.ts';
import type { Message } from '../messages/message-table.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { MemoryTransport } from '../testing/memory-transport.ts';
import { codeOf, messageOf } from '../words/errors.ts';
import { authenticatePeer, authenticateToManager } from './authenticate.ts';
import { type AuthKey, proofOf, ticketMatches, ticketOf } from './handshake.ts';

const secret = new Uint8Array(32).fill(7);
const limits = {
  messageMaxBytes: 1_000_000,
  payloadMaxBytes: 100_000,
  heartbeatIdleMs: 5_000,
  heartbeatIntervalMs: 1_000,
  heartbeatProbes: 3,
};

const hello: Message = {
  verb: 'hello',
  version: 1,
  keyId: 'default',
  role: 'client',
  nonce: new Uint8Array(32).fill(1),
  binding: 'none',
};

interface Result {
  readonly value?: unknown;
  readonly code?: string | undefined;
  readonly message?: string;
}

const resultOf = (promise: Promise<unknown>): Promise<Result> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ code: codeOf(error), message: messageOf(error) }),
  );

const start = () => {
  const clock = new ManualClock();
  const { dialler, manager } = MemoryTransport.pair(clock);
  const accept = (): Promise<Result> =>
    resultOf(
      authenticatePeer(manager, {
        secretOf: (keyId) => (keyId === 'default' ? secret : undefined),
        limits,
        software: 'test',
        clock,
        randomBytes,
      }),
    );
  const greet = (key: AuthKey = { keyId: 'default', secret }): Promise<Result> =>
    resultOf(authenticateToManager(dialler, key, 'worker', clock, randomBytes));
  return { clock, dialler, manager, accept, greet };
};

/** A peer that sends what the test says, and keeps what it receives. */
const rawPeer = (transport: MemoryTransport) => {
  const received: Message[] = [];
  const frames: Uint8Array[] = [];
  transport.listen({
    frame(bytes) {
      frames.push(bytes);
      received.push(...decodeFrame(bytes));
    },
    drained() {},
    closed() {},
  });
  return { received, frames, send: (message: Message) => transport.send(encodeFrame([message])) };
};

const errorsIn = (messages: readonly Message[]): string[] =>
  messages.flatMap((message) => (message.verb === 'error' ? [message.code] : []));

describe('both sides with the same key', () => {
  test('know each other: the manager the role and key, the dialler the limits', async () => {
    const { clock, accept, greet } = start();
    const both = Promise.all([accept(), greet()]);
    await clock.settle();
    const [accepted, greeted] = await both;
    expect(accepted).toEqual({ value: { keyId: 'default', role: 'worker' } });
    expect(greeted).toEqual({ value: limits });
    expect(clock.timersWaiting).toBe(0);
  });

  test('never use the same bytes twice', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const { clock, accept, greet, dialler, manager } = start();
      const both = Promise.all([accept(), greet()]);
      await clock.settle();
      await both;
      for (const frame of [...dialler.sentFrames, ...manager.sentFrames]) {
        seen.add(Buffer.from(frame).toString('hex'));
      }
    }
    expect(seen.size).toBe(5 * 4);
  });
});

describe('a dialler is refused with AUTH_FAILED and the same text', () => {
  const refusalFor = async (key: AuthKey): Promise<Result[]> => {
    const { clock, accept, greet } = start();
    const both = Promise.all([accept(), greet(key)]);
    await clock.advance(10);
    return both;
  };

  test('when its key is wrong, and when its key id is unknown', async () => {
    const wrong = await refusalFor({ keyId: 'default', secret: new Uint8Array(32).fill(8) });
    const unknown = await refusalFor({ keyId: 'nobody', secret });
    expect(wrong.map(({ code }) => code)).toEqual(['AUTH_FAILED', 'AUTH_FAILED']);
    expect(unknown).toEqual(wrong);
  });

  test('when one bit of its key is wrong', async () => {
    const almost = Uint8Array.from(secret, (byte, at) => (at === 31 ? byte ^ 1 : byte));
    const [accepted] = await refusalFor({ keyId: 'default', secret: almost });
    expect(accepted?.code).toBe('AUTH_FAILED');
  });
});

test('a manager without the key is refused by the dialler', async () => {
  const { clock, dialler, manager, greet } = start();
  const impostor = rawPeer(manager);
  const greeted = greet();
  await clock.settle();
  impostor.send({ verb: 'challenge', nonce: new Uint8Array(32), limits });
  await clock.settle();
  impostor.send({ verb: 'welcome', mac: new Uint8Array(32), software: 'impostor' });
  await clock.settle();
  expect(await greeted).toMatchObject({ code: 'AUTH_FAILED' });
  expect(dialler.sentFrames).toHaveLength(2);
});

test('a manager that sends the proof of the dialler back is refused', async () => {
  const { clock, manager, greet } = start();
  const mirror = rawPeer(manager);
  const greeted = greet();
  await clock.settle();
  mirror.send({ verb: 'challenge', nonce: new Uint8Array(32), limits });
  await clock.settle();
  const proof = mirror.received.find((message) => message.verb === 'proof');
  mirror.send({ verb: 'welcome', mac: proof?.mac ?? new Uint8Array(32), software: 'mirror' });
  await clock.settle();
  expect(await greeted).toMatchObject({ code: 'AUTH_FAILED' });
});

test('a dialler that sends back what the manager proved elsewhere is refused', async () => {
  const transcript = {
    hello: encodeFrame([hello]),
    challenge: new Uint8Array(3),
    nonceClient: new Uint8Array(32),
    nonceServer: new Uint8Array(32),
    channelBinding: new Uint8Array(0),
  };
  expect(proofOf('client', secret, transcript)).not.toEqual(proofOf('server', secret, transcript));
});

test('a recorded dialler played back meets another nonce and is refused', async () => {
  const first = start();
  const both = Promise.all([first.accept(), first.greet()]);
  await first.clock.settle();
  await both;
  const second = start();
  const accepted = second.accept();
  const player = rawPeer(second.dialler);
  for (const frame of first.dialler.sentFrames) {
    second.dialler.send(frame);
    await second.clock.settle();
  }
  expect(await accepted).toMatchObject({ code: 'AUTH_FAILED' });
  expect(errorsIn(player.received)).toEqual(['AUTH_FAILED']);
});

/** Both sides, with a man in the middle who may change each frame. */
const withSomeoneBetween = async (
  change: (frame: Uint8Array, from: 'dialler' | 'manager') => Uint8Array,
): Promise<(string | undefined)[]> => {
  const clock = new ManualClock();
  const left = MemoryTransport.pair(clock);
  const right = MemoryTransport.pair(clock);
  const pass = (near: MemoryTransport, far: MemoryTransport, from: 'dialler' | 'manager'): void =>
    near.listen({
      frame: (frame) => far.send(change(frame, from)),
      drained() {},
      closed: () => far.close(),
    });
  pass(left.manager, right.dialler, 'dialler');
  pass(right.dialler, left.manager, 'manager');
  const both = Promise.all([
    resultOf(
      authenticateToManager(
        left.dialler,
        { keyId: 'default', secret },
        'client',
        clock,
        randomBytes,
      ),
    ),
    resultOf(
      authenticatePeer(right.manager, {
        secretOf: () => secret,
        limits,
        software: 'test',
        clock,
        randomBytes,
      }),
    ),
  ]);
  await clock.advance(10_000);
  return (await both).map(({ code }) => code);
};

const edited =
  (verbName: string, edit: (message: Message) => Message) =>
  (frame: Uint8Array): Uint8Array => {
    const [message] = decodeFrame(frame);
    return message?.verb === verbName ? encodeFrame([edit(message)]) : frame;
  };

describe('someone between the two who changes', () => {
  test('nothing is not noticed', async () => {
    expect(await withSomeoneBetween((frame) => frame)).toEqual([undefined, undefined]);
  });

  test.each<[string, string, Partial<Message>]>([
    ['the role in HELLO', 'hello', { role: 'worker' }],
    ['the key id in HELLO', 'hello', { keyId: 'other' }],
    ['the nonce in HELLO', 'hello', { nonce: new Uint8Array(32) }],
    ['the nonce in CHALLENGE', 'challenge', { nonce: new Uint8Array(32) }],
    ['the limits in CHALLENGE', 'challenge', { limits: { ...limits, messageMaxBytes: 1 } }],
  ])('%s is noticed by both', async (_what, name, change) => {
    const codes = await withSomeoneBetween(
      edited(name, (message) => Object.assign({}, message, change)),
    );
    expect(codes).toEqual(['AUTH_FAILED', 'AUTH_FAILED']);
  });

  test('only the width of an integer in HELLO is noticed, because the bytes are proved', async () => {
    const codes = await withSomeoneBetween((frame, from) => {
      const isHello = from === 'dialler' && decodeFrame(frame)[0]?.verb === 'hello';
      // 91 96 01 01 ... -> 91 96 01 cc 01 ...: version 1 in two bytes.
      return isHello
        ? Uint8Array.from([...frame.subarray(0, 3), 0xcc, ...frame.subarray(3)])
        : frame;
    });
    expect(codes).toEqual(['AUTH_FAILED', 'AUTH_FAILED']);
  });
});

describe('before authentication', () => {
  test('a peer that says nothing is told AUTH_TIMEOUT after 2 s, and cut off if it does not leave', async () => {
    const { clock, dialler, manager, accept } = start();
    const accepted = accept();
    const peer = rawPeer(dialler);
    await clock.advance(1_999);
    expect(peer.received).toEqual([]);
    manager.stalled = true;
    await clock.advance(1);
    expect(await accepted).toMatchObject({ code: 'AUTH_TIMEOUT' });
    expect(manager.isOpen).toBe(true);
    await clock.advance(1_000);
    expect(manager.isOpen).toBe(false);
    expect(clock.timersWaiting).toBe(0);
  });

  test('a peer that stops after HELLO is told AUTH_TIMEOUT too', async () => {
    const { clock, dialler, accept } = start();
    const accepted = accept();
    const peer = rawPeer(dialler);
    peer.send(hello);
    await clock.advance(2_000);
    expect(await accepted).toMatchObject({ code: 'AUTH_TIMEOUT' });
    expect(errorsIn(peer.received)).toEqual(['AUTH_TIMEOUT']);
  });

  test('a manager that says nothing is given up after 5 s', async () => {
    const { clock, greet } = start();
    const greeted = greet();
    await clock.advance(5_000);
    expect(await greeted).toMatchObject({ code: 'AUTH_TIMEOUT' });
  });

  const refusals: readonly [string, readonly Uint8Array[], string][] = [
    ['a frame of more than 4 KiB', [new Uint8Array(4_097)], 'MALFORMED_FRAME'],
    ['garbage', [Uint8Array.of(0xc1, 0, 1, 2)], 'MALFORMED_FRAME'],
    ['an HTTP request', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], 'MALFORMED_FRAME'],
    ['an empty frame', [encodeFrame([])], 'UNEXPECTED_MESSAGE'],
    ['two messages in a frame', [encodeFrame([hello, hello])], 'UNEXPECTED_MESSAGE'],
    [
      'a proof before HELLO',
      [encodeFrame([{ verb: 'proof', mac: new Uint8Array(32) }])],
      'UNEXPECTED_MESSAGE',
    ],
    ['a request', [encodeFrame([{ verb: 'status', requestId: 1 }])], 'UNEXPECTED_MESSAGE'],
    [
      'many frames at once',
      [hello, hello, hello].map((message) => encodeFrame([message])),
      'UNEXPECTED_MESSAGE',
    ],
    ['another version', [encodeFrame([{ ...hello, version: 2 }])], 'UNSUPPORTED_VERSION'],
    [
      'a channel binding that there is not',
      [encodeFrame([{ ...hello, binding: 'tls-exporter' }])],
      'BINDING_REFUSED',
    ],
  ];

  test.each(refusals)('a peer that sends %s is refused', async (_what, frames, code) => {
    const { clock, dialler, manager, accept } = start();
    const accepted = accept();
    const peer = rawPeer(dialler);
    for (const frame of frames) {
      dialler.send(frame);
    }
    await clock.advance(10);
    expect(await accepted).toMatchObject({ code });
    expect(errorsIn(peer.received)).toEqual([code]);
    expect(manager.isOpen).toBe(false);
    expect(clock.timersWaiting).toBe(0);
  });

  test('a peer that leaves is reported as CONNECTION_LOST', async () => {
    const { clock, dialler, accept } = start();
    const accepted = accept();
    dialler.terminate();
    await clock.settle();
    expect(await accepted).toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('the reason of a refusal is cut to what a field may hold', async () => {
    const { clock, dialler, manager } = start();
    const peer = rawPeer(dialler);
    const accepted = resultOf(
      authenticatePeer(manager, {
        secretOf: () => {
          throw new Error('é'.repeat(10_000));
        },
        limits,
        software: 'test',
        clock,
        randomBytes,
      }),
    );
    peer.send(hello);
    await clock.settle();
    peer.send({ verb: 'proof', mac: new Uint8Array(32) });
    await clock.advance(10);
    await accepted;
    expect(errorsIn(peer.received)).toEqual(['INTERNAL']);
  });
});

describe('what follows PROOF before WELCOME', () => {
  test('is refused by the manager, because nobody would hear it', async () => {
    const { clock, dialler, accept } = start();
    const accepted = accept();
    const peer = rawPeer(dialler);
    peer.send(hello);
    await clock.settle();
    const transcript = {
      hello: encodeFrame([hello]),
      challenge: peer.frames[0] ?? new Uint8Array(),
      nonceClient: new Uint8Array(32).fill(1),
      nonceServer:
        peer.received[0]?.verb === 'challenge' ? peer.received[0].nonce : new Uint8Array(),
      channelBinding: new Uint8Array(0),
    };
    dialler.send(encodeFrame([{ verb: 'proof', mac: proofOf('client', secret, transcript) }]));
    dialler.send(encodeFrame([{ verb: 'status', requestId: 1 }]));
    await clock.advance(10);
    expect(await accepted).toMatchObject({ code: 'UNEXPECTED_MESSAGE' });
  });

  test('when it is the ERROR of a manager, is what the dialler reports', async () => {
    const { clock, manager, greet } = start();
    const peer = rawPeer(manager);
    const greeted = greet();
    await clock.settle();
    const challenge = encodeFrame([{ verb: 'challenge', nonce: new Uint8Array(32), limits }]);
    manager.send(challenge);
    await clock.settle();
    const [firstFrame = new Uint8Array()] = peer.frames;
    const [first] = peer.received;
    const transcript = {
      hello: firstFrame,
      challenge,
      nonceClient: first?.verb === 'hello' ? first.nonce : new Uint8Array(),
      nonceServer: new Uint8Array(32),
      channelBinding: new Uint8Array(0),
    };
    peer.send({ verb: 'welcome', mac: proofOf('server', secret, transcript), software: 'test' });
    peer.send({ verb: 'error', requestId: 0, code: 'TOO_MANY_CONNECTIONS', message: 'full' });
    await clock.settle();
    expect(await greeted).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
  });
});

describe('a ticket', () => {
  const ticket = ticketOf(secret, 's-1', 'default');

  test('matches for the same session and key only', () => {
    expect(ticketMatches(ticket, ticketOf(secret, 's-1', 'default'))).toBe(true);
    expect(ticketMatches(ticket, ticketOf(secret, 's-2', 'default'))).toBe(false);
    expect(ticketMatches(ticket, ticketOf(secret, 's-1', 'other'))).toBe(false);
    expect(ticketMatches(ticket, ticketOf(new Uint8Array(32), 's-1', 'default'))).toBe(false);
    expect(ticketMatches(ticket, ticket.subarray(1))).toBe(false);
  });

  test('does not mix the end of the session with the start of the key id', () => {
    expect(ticketOf(secret, 's-1a', 'b')).not.toEqual(ticketOf(secret, 's-1', 'ab'));
  });
});
