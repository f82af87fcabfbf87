import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { proofOf } from '../connection/handshake.ts';
import { plain } from '../testing/plain.ts';
import {
  bytesOf,
  exactFiles,
  type GoodVector,
  MALFORMED,
  readBadVectors,
  readGoodVectors,
  TOLERATED,
} from '../testing/vectors.ts';
import { codeOf } from '../words/errors.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { verbs } from './message-table.ts';

const exact = exactFiles.flatMap(readGoodVectors);
const tolerated = readGoodVectors(TOLERATED);
const malformed = readBadVectors(MALFORMED);

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const codeOfDecoding = (frame: Uint8Array): string | undefined => {
  try {
    decodeFrame(frame);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
};

describe('the vectors', () => {
  test('show every verb at least once', () => {
    const shown = new Set(exact.flatMap(({ messages }) => messages.map(({ verb }) => verb)));
    expect([...shown].toSorted()).toEqual(Object.keys(verbs).toSorted());
  });

  test.each(exact)('decode: $meaning', ({ frame, messages }) => {
    expect(plain(decodeFrame(frame))).toEqual(messages);
  });

  test.each(exact)('encode again to the same bytes: $meaning', ({ frame, messages }) => {
    expect(hexOf(encodeFrame(messages))).toBe(hexOf(frame));
  });

  test.each(tolerated)('decode though written otherwise: $meaning', ({ frame, messages }) => {
    expect(plain(decodeFrame(frame))).toEqual(messages);
  });

  test.each(malformed)('are refused with $code: $meaning', ({ frame, code }) => {
    expect(codeOfDecoding(frame)).toBe(code);
  });

  test('of the handshake prove the key by the rule of PROTOCOL.md', () => {
    const [hello, challenge, proof, welcome] = readGoodVectors('handshake.txt');
    const secret = bytesOf('404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f');
    const transcript = {
      hello: hello?.frame ?? new Uint8Array(),
      challenge: challenge?.frame ?? new Uint8Array(),
      nonceClient: bytesOf('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
      nonceServer: bytesOf('202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f'),
      channelBinding: new Uint8Array(),
    };
    const macOf = (vector: GoodVector | undefined): string => {
      const message = vector?.messages[0];
      return message !== undefined && 'mac' in message ? hexOf(message.mac) : '';
    };
    expect(macOf(proof)).toBe(hexOf(proofOf('client', secret, transcript)));
    expect(macOf(welcome)).toBe(hexOf(proofOf('server', secret, transcript)));
  });
});

/** A proxy that forwards each chunk in the pieces that `cut` makes of it, one write each. */
const startProxy = async (port: number, cut: (chunk: Buffer) => Buffer[]): Promise<Server> => {
  const proxy = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.on('data', (chunk) => {
      for (const piece of cut(chunk)) {
        far.write(piece);
      }
    });
    far.pipe(near);
    near.on('end', () => far.end());
    for (const socket of [near, far]) {
      socket.on('error', () => socket.destroy());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
};

const portOf = (server: { address(): unknown }): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null && 'port' in address
    ? Number(address.port)
    : 0;
};

/** A pseudo-random sequence in [0, 1), the same for the same seed (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const choppedBy =
  (random: () => number, maxBytes: number) =>
  (chunk: Buffer): Buffer[] => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      const end = at + 1 + Math.floor(random() * maxBytes);
      pieces.push(chunk.subarray(at, end));
      at = end;
    }
    return pieces;
  };

describe('over a real WebSocket', () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  beforeAll(() => (server.address() === null ? once(server, 'listening') : undefined));
  afterAll(() => {
    for (const client of server.clients) {
      client.terminate();
    }
    server.close();
  });

  /** Sends every exact vector by `send` and returns what the other end decoded. */
  const passAll = async (
    port: number,
    send: (socket: WebSocket, frame: Uint8Array) => void,
  ): Promise<unknown[]> => {
    const received: unknown[] = [];
    const accepted = new Promise<void>((resolve, reject) => {
      server.once('connection', (socket) => {
        socket.on('error', reject);
        socket.on('message', (data: Buffer) => {
          received.push(plain(decodeFrame(data)));
          if (received.length === exact.length) {
            resolve();
          }
        });
      });
    });
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await once(socket, 'open');
    for (const { frame } of exact) {
      send(socket, frame);
    }
    await accepted;
    socket.close();
    return received;
  };

  const whole = (socket: WebSocket, frame: Uint8Array): void => socket.send(frame);

  /** One WebSocket message in fragments. */
  const inFragments =
    (cut: (chunk: Buffer) => Buffer[]) => (socket: WebSocket, frame: Uint8Array) => {
      const pieces = cut(Buffer.from(frame));
      for (const [at, piece] of pieces.entries()) {
        socket.send(piece, { binary: true, fin: at === pieces.length - 1 });
      }
    };

  const everyByte = (chunk: Buffer): Buffer[] => [...chunk].map((byte) => Buffer.of(byte));
  const expected = exact.map(({ messages }) => messages);
  const seed = Number(process.env['MILLRACE_SEED'] ?? fc.sample(fc.nat(), 1)[0]);

  test('frames arrive whole', async () => {
    expect(await passAll(portOf(server), whole)).toEqual(expected);
  });

  test('frames arrive in WebSocket fragments of one byte', async () => {
    expect(await passAll(portOf(server), inFragments(everyByte))).toEqual(expected);
  });

  test(`frames arrive in fragments of random sizes (MILLRACE_SEED=${seed})`, async () => {
    const chop = choppedBy(randomFrom(seed), 40);
    expect(await passAll(portOf(server), inFragments(chop))).toEqual(expected);
  });

  test('frames arrive over TCP byte by byte', async () => {
    const proxy = await startProxy(portOf(server), everyByte);
    expect(await passAll(portOf(proxy), whole)).toEqual(expected);
    proxy.close();
  });

  test.each([0, 1, 2, 3, 4])(
    `frames arrive over TCP chopped at random (MILLRACE_SEED=${seed}, plus %i)`,
    async (more) => {
      const proxy = await startProxy(portOf(server), choppedBy(randomFrom(seed + more), 100));
      expect(await passAll(portOf(proxy), whole)).toEqual(expected);
      proxy.close();
    },
  );
});
