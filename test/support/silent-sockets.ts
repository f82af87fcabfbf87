import { connect, type Socket } from 'node:net';

export interface SilentOptions {
  /** The bytes that each of them sends; default none. */
  readonly bytes?: string;
  /** The pace of the attack: a socket that was closed is opened again after this time. Default 0. */
  readonly reopenMs?: number;
}

/** Sockets that say nothing, or what they are told to. Each that is closed is opened again. */
export class SilentSockets {
  readonly #port: number;
  readonly #options: SilentOptions;
  readonly #sockets = new Set<Socket>();
  #isOver = false;
  /** How often one of them was closed by the other end. */
  closed = 0;

  private constructor(port: number, options: SilentOptions) {
    this.#port = port;
    this.#options = options;
  }

  /** Resolves when each of them was connected once. */
  static async open(
    port: number,
    count: number,
    options: SilentOptions = {},
  ): Promise<SilentSockets> {
    const sockets = new SilentSockets(port, options);
    await Promise.all(
      Array.from({ length: count }, () => new Promise<void>((opened) => sockets.#open(opened))),
    );
    return sockets;
  }

  close(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #open(opened: () => void): void {
    if (this.#isOver) {
      return;
    }
    const socket = connect({ port: this.#port, host: '127.0.0.1' });
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('connect', () => {
      opened();
      socket.write(this.#options.bytes ?? '');
    });
    socket.resume();
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (!this.#isOver) {
        this.closed += 1;
        setTimeout(() => this.#open(opened), this.#options.reopenMs ?? 0).unref();
      }
    });
  }
}
