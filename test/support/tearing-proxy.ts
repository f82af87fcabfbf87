import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from './random.ts';

export interface TearingOptions {
  readonly port: number;
  readonly random: Random;
  /** The largest piece in which bytes are passed on. */
  readonly pieceMaxBytes: number;
  /** A connection is torn after at most this many bytes, counted over both directions. */
  readonly tearAfterMaxBytes: number;
}

/**
 * Lets the other side be read before this one is read again. Otherwise a side that sends
 * much at once would use up the bytes of each connection before any answer passed.
 */
const takeTurns = (from: Socket): void => {
  from.pause();
  setImmediate(() => from.resume());
};

/**
 * A TCP proxy before a manager. It passes bytes on in random pieces, and tears every
 * connection after a random number of bytes, even within a frame.
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

  /** The number of torn connections. */
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
      // Written bytes still go out; the rest of the frame never comes.
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
