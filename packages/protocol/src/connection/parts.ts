import type { MessageNamed } from '../messages/message-table.ts';
import { MillraceError } from '../words/errors.ts';
import { limits } from '../words/limits.ts';

/** Assembles a message that arrives in parts: one at a time, of bounded size however small its parts are. */
export class PartAssembly {
  readonly #maxBytes: number;
  #whole: Buffer = Buffer.alloc(0);
  #bytes = 0;
  #received = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a message has arrived in part. */
  get isBetween(): boolean {
    return this.#bytes > 0;
  }

  /** Parts received on this connection, for PART_ACK. */
  get received(): number {
    return this.#received;
  }

  /**
   * Adds a part; returns the frame if it was the last part.
   *
   * @throws MALFORMED_FRAME when the message would exceed its bound
   */
  add({ bytes, last }: MessageNamed<'part'>): Uint8Array | undefined {
    this.#received += 1;
    const end = this.#bytes + bytes.length;
    if (end > this.#maxBytes) {
      throw new MillraceError(
        'MALFORMED_FRAME',
        `a message in parts exceeds ${this.#maxBytes} bytes`,
      );
    }
    this.#grow(end);
    this.#whole.set(bytes, this.#bytes);
    this.#bytes = end;
    return last ? this.#take() : undefined;
  }

  /** Doubles the buffer when it is full, so that a message is copied once or twice in all. */
  #grow(bytes: number): void {
    if (bytes > this.#whole.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(bytes, this.#whole.length * 2, limits.frameMaxBytes),
      );
      larger.set(this.#whole.subarray(0, this.#bytes));
      this.#whole = larger;
    }
  }

  #take(): Uint8Array {
    const frame = this.#whole.subarray(0, this.#bytes);
    this.#whole = Buffer.alloc(0);
    this.#bytes = 0;
    return frame;
  }
}
