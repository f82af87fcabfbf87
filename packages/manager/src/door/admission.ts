import type { Socket } from 'node:net';
import { type Clock, limits } from '@millrace/protocol';

/**
 * Bounds everything before authentication: sockets in all, sockets per address, and the
 * time of each. A socket that exceeds a bound is destroyed without a message.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #perAddress = new Map<string, number>();
  readonly #leave = new Map<Socket, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get unauthenticated(): number {
    return this.#leave.size;
  }

  /** A socket was accepted. */
  enter(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const already = this.#perAddress.get(address) ?? 0;
    if (
      this.#leave.size >= limits.unauthenticatedMaxTotal ||
      already >= limits.unauthenticatedMaxPerAddress
    ) {
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, already + 1);
    // The handshake ends earlier and says why. This timer ends sockets that never upgrade.
    const stopTimer = this.#clock.after(limits.authenticateMaxMs * 2, () => socket.destroy());
    this.#leave.set(socket, () => {
      stopTimer();
      this.#decrease(address);
    });
    socket.once('close', () => this.pass(socket));
  }

  /** The socket is authenticated, or gone. */
  pass(socket: Socket): void {
    this.#leave.get(socket)?.();
    this.#leave.delete(socket);
  }

  #decrease(address: string): void {
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) {
      this.#perAddress.delete(address);
    } else {
      this.#perAddress.set(address, left);
    }
  }
}
