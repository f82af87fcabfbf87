import { MillraceError } from './errors.ts';
import type { MessageNamed } from './message-table.ts';

/** Puts a message together that arrives in parts. Holds one at a time, of bounded size. */
export class PartAssembly {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #received = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Parts received on this connection, for PART_ACK. */
  get received(): number {
    return this.#received;
  }

  /**
   * The frame, when this was its last part.
   *
   * @throws MALFORMED_FRAME when the whole would be larger than any message may be
   */
  add(part: MessageNamed<'part'>): Uint8Array | undefined {
    this.#received += 1;
    this.#bytes += part.bytes.length;
    if (this.#bytes > this.#maxBytes) {
      throw new MillraceError(
        'MALFORMED_FRAME',
        `a message in parts exceeds ${this.#maxBytes} bytes`,
      );
    }
    this.#parts.push(part.bytes);
    if (!part.last) {
      return undefined;
    }
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return whole;
  }
}
