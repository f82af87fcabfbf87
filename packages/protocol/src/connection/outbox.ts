import { PackWriter } from '../bytes/pack-writer.ts';
import { encodeFrame } from '../messages/frame.ts';
import { type Message, writeMessage } from '../messages/message-table.ts';
import { tuning } from '../runtime/tuning.ts';
import { limits } from '../words/limits.ts';

/** Bytes of the head of a list of up to 65,535 messages. */
const HEAD_BYTES = 3;

/** Messages that will leave together. Its memory goes to the transport with them and is never reused. */
class OpenFrame {
  readonly #writer: PackWriter;
  #count = 0;

  /** @param probableBytes probable size of the frame */
  constructor(probableBytes: number) {
    this.#writer = new PackWriter(probableBytes + tuning.frameSlackBytes);
    this.#writer.list(limits.listMaxItems);
  }

  get bytes(): number {
    return this.#writer.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Adds a message, or returns it encoded if it does not fit. A message that cannot be written throws and leaves the frame as it was. */
  add(message: Message): Uint8Array | undefined {
    const before = this.#writer.length;
    try {
      writeMessage(this.#writer, message);
    } catch (error) {
      this.#writer.truncate(before);
      throw error;
    }
    if (this.#writer.length > limits.frameMaxBytes || this.#count === limits.listMaxItems) {
      const encoded = this.#writer.copy(before);
      this.#writer.truncate(before);
      return encoded;
    }
    this.#count += 1;
    return undefined;
  }

  /** Begins the frame with an encoded message that did not fit into the previous one. */
  begin(encoded: Uint8Array): void {
    this.#writer.raw(encoded);
    this.#count = 1;
  }

  /** Ends the frame and returns its bytes. */
  close(): Uint8Array {
    const frame = this.#writer.view();
    frame.writeUInt16BE(this.#count, 1);
    return frame;
  }
}

/**
 * Outgoing messages. The messages of one turn leave together, in frames of at most
 * `frameMaxBytes`; a full frame is closed and can leave earlier. A message too large for
 * a frame leaves in parts: one such message at a time, with at most two parts
 * unacknowledged, so that on a slow link no more than that delays a heartbeat.
 */
export class Outbox {
  #open: OpenFrame | undefined;
  /** Closed frames that wait for the transport. */
  readonly #frames: Uint8Array[] = [];
  #framesBytes = 0;
  /** Probable size of the next frame: that of the last. */
  #frameBytes = 0;
  readonly #large: Uint8Array[] = [];
  #largeSentBytes = 0;
  #largeBytes = 0;
  #partsSent = 0;
  #partsAcknowledged = 0;

  add(message: Message): void {
    this.#open ??= new OpenFrame(this.#frameBytes);
    const encoded = this.#open.add(message);
    if (encoded === undefined) {
      return;
    }
    this.#closeFrame();
    if (encoded.length + HEAD_BYTES > limits.frameMaxBytes) {
      this.#addLarge(encoded);
    } else {
      this.#open = new OpenFrame(limits.frameMaxBytes);
      this.#open.begin(encoded);
    }
  }

  get waitingBytes(): number {
    return this.#framesBytes + (this.#open?.bytes ?? 0) + this.#largeBytes;
  }

  /** Whether a frame is closed and has not left. */
  get hasClosed(): boolean {
    return this.#frames.length > 0;
  }

  /** Whether a message in parts has not left entirely. */
  get hasLarge(): boolean {
    return this.#large.length > 0;
  }

  acknowledge(partsReceived: number): void {
    this.#partsAcknowledged = Math.min(
      Math.max(this.#partsAcknowledged, partsReceived),
      this.#partsSent,
    );
  }

  /** Sends closed frames until the transport has reached its high-water mark. */
  flushClosed(send: (frame: Uint8Array) => void, transportBytes: () => number): void {
    while (transportBytes() < tuning.transportHighWaterBytes) {
      const frame = this.#frames.shift();
      if (frame === undefined) {
        return;
      }
      this.#framesBytes -= frame.length;
      send(frame);
    }
  }

  /** Closes the open frame, then sends frames and parts until none may leave or the transport has reached its high-water mark. */
  flush(send: (frame: Uint8Array) => void, transportBytes: () => number): void {
    if (transportBytes() < tuning.transportHighWaterBytes) {
      this.#closeFrame();
    }
    this.flushClosed(send, transportBytes);
    if (transportBytes() < tuning.transportHighWaterBytes) {
      this.#sendParts(send);
    }
  }

  #closeFrame(): void {
    const frame = this.#open?.isEmpty === false ? this.#open.close() : undefined;
    this.#open = undefined;
    if (frame !== undefined) {
      this.#frames.push(frame);
      this.#framesBytes += frame.length;
      this.#frameBytes = frame.length;
    }
  }

  #addLarge(encoded: Uint8Array): void {
    const writer = new PackWriter(encoded.length + HEAD_BYTES);
    writer.list(1);
    writer.raw(encoded);
    this.#large.push(writer.view());
    this.#largeBytes += writer.length;
  }

  #sendParts(send: (frame: Uint8Array) => void): void {
    let message = this.#large[0];
    while (message && this.#partsSent - this.#partsAcknowledged < limits.partsInFlight) {
      const end = Math.min(this.#largeSentBytes + limits.partBytes, message.length);
      const last = end === message.length;
      const bytes = message.subarray(this.#largeSentBytes, end);
      send(encodeFrame([{ verb: 'part', last, bytes }]));
      this.#partsSent += 1;
      this.#largeSentBytes = end;
      if (last) {
        this.#large.shift();
        this.#largeBytes -= message.length;
        this.#largeSentBytes = 0;
        message = this.#large[0];
      }
    }
  }
}
