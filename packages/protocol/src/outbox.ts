import { encodeFrame, type Outgoing, packFrame, prepare } from './frame.ts';
import { limits } from './limits.ts';
import type { Message } from './message-table.ts';

/** Beyond this many bytes in the transport, messages wait here. */
const TRANSPORT_HIGH_WATER_BYTES = 1024 * 1024;

/**
 * Messages on their way out: all of one turn leave together, in frames of at
 * most `frameMaxBytes`. A message too large for a frame leaves in parts, one
 * such message at a time and at most two parts unacknowledged, so that a slow
 * link never holds more than that before a heartbeat.
 */
export class Outbox {
  #ready: Outgoing[] = [];
  #readyBytes = 0;
  readonly #large: Uint8Array[] = [];
  #largeSentBytes = 0;
  #largeBytes = 0;
  #partsSent = 0;
  #partsAcknowledged = 0;

  add(message: Message): void {
    const outgoing = prepare(message);
    if (outgoing.atMostBytes > limits.frameMaxBytes) {
      const bytes = packFrame([outgoing]);
      this.#large.push(bytes);
      this.#largeBytes += bytes.length;
    } else {
      this.#ready.push(outgoing);
      this.#readyBytes += outgoing.atMostBytes;
    }
  }

  get waitingBytes(): number {
    return this.#readyBytes + this.#largeBytes;
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

  /** Hands out frames until nothing may leave, or the transport holds enough. */
  flush(send: (frame: Uint8Array) => void, transportBytes: () => number): void {
    let next = 0;
    while (next < this.#ready.length && transportBytes() < TRANSPORT_HIGH_WATER_BYTES) {
      next = this.#sendFrame(next, send);
    }
    this.#ready = next === this.#ready.length ? [] : this.#ready.slice(next);
    if (transportBytes() < TRANSPORT_HIGH_WATER_BYTES) {
      this.#sendParts(send);
    }
  }

  #sendFrame(start: number, send: (frame: Uint8Array) => void): number {
    let bytes = 0;
    let end = start;
    for (; end < this.#ready.length; end++) {
      const size = this.#ready[end]?.atMostBytes ?? 0;
      if (end > start && bytes + size > limits.frameMaxBytes) {
        break;
      }
      bytes += size;
    }
    this.#readyBytes -= bytes;
    send(packFrame(this.#ready.slice(start, end)));
    return end;
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
