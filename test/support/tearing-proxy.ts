import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from './random.ts';

export interface TearingOptions {
  readonly port: number;
  readonly random: Random;
  /** Of one write: bytes are passed on in pieces of any size up to this. */
  readonly pieceMaxBytes: number;
  /** A connection is torn after so many bytes of either side, at most. */
  readonly tearAfterMaxBytes: number;
}

/**
 * Reads the other side before it reads this one again. A side that has sent much
 * at once would otherwise use up what its connection may carry before a single
 * answer has passed, every time anew.
 */
const takeTurns = (from: Socket): void => {
  from.pause();
  setImmediate(() => from.resume());
};

/**
 * A TCP proxy before a manager: it passes bytes on in random pieces, and tears
 * every connection after a random number of them, wherever in a frame that is.
 */
export class TearingProxy {
  readonly #options: TearingOptions;
  readonly #server: Server;
  #torn = 0;

  private constructor(options: TearingOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (near) => this.#join(near));
  }

  static async open(options: TearingOptions): Promise<TearingProxy> {
    const proxy = new TearingProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** Connections that it has torn. */
  get torn(): number {
    return this.#torn;
  }

  close(): void {
    this.#server.close();
  }

  #join(near: Socket): void {
    const { port, random, tearAfterMaxBytes } = this.#options;
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    let leftBytes = random.between(1, tearAfterMaxBytes);
    const pass = (from: Socket, to: Socket) => (chunk: Buffer) => {
      takeTurns(from);
      this.#writePieces(to, chunk.subarray(0, leftBytes));
      leftBytes = Math.max(0, leftBytes - chunk.length);
      if (leftBytes === 0) {
        tear();
      }
    };
    const tear = (): void => {
      if ([near, far].every(({ writable }) => writable)) {
        this.#torn += 1;
      }
      // What was written still goes out; the rest of the frame never comes.
      for (const socket of [near, far]) {
        socket.destroySoon();
      }
    };
    near.on('data', pass(near, far));
    far.on('data', pass(far, near));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => one.destroy());
      one.on('close', () => other.destroySoon());
    }
  }

  #writePieces(to: Socket, bytes: Buffer): void {
    const { pieceMaxBytes, random } = this.#options;
    for (let at = 0; at < bytes.length && to.writable; ) {
      const end = at + random.between(1, pieceMaxBytes);
      to.write(bytes.subarray(at, end));
      at = end;
    }
  }
}
