import type { Transport, TransportEvents } from '../connection/transport.ts';
import type { Clock } from '../runtime/clock.ts';

/** Marks in the inbox that the other end ended the connection. */
const END = new Uint8Array(0);

const silent: TransportEvents = { frame() {}, drained() {}, closed() {} };

/**
 * One end of a pair of transports in memory. Frames arrive in order, one per turn, as
 * over a network; `stalled` holds them at the sender, as a full kernel buffer does.
 */
export class MemoryTransport implements Transport {
  readonly remoteAddress: string;
  /** Every frame that this end was given, for assertions about bytes. */
  readonly sentFrames: Uint8Array[] = [];
  /** While set, sent frames stay in `waitingBytes`. */
  stalled = false;
  readonly #clock: Clock;
  #peer: MemoryTransport | undefined;
  #events = silent;
  #inbox: Uint8Array[] = [];
  #outbox: Uint8Array[] = [];
  #held = false;
  #open = true;
  #told = false;
  #closing = false;
  #endReason = 'the connection ended';

  constructor(remoteAddress: string, clock: Clock) {
    this.remoteAddress = remoteAddress;
    this.#clock = clock;
  }

  static pair(clock: Clock): { dialler: MemoryTransport; manager: MemoryTransport } {
    const dialler = new MemoryTransport('memory:manager', clock);
    const manager = new MemoryTransport('memory:dialler', clock);
    dialler.#peer = manager;
    manager.#peer = dialler;
    return { dialler, manager };
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get isHeld(): boolean {
    return this.#held;
  }

  get waitingBytes(): number {
    return this.#outbox.reduce((total, frame) => total + frame.length, 0);
  }

  listen(events: TransportEvents): void {
    this.#events = events;
    if (this.#told) {
      events.closed(this.#endReason);
    }
  }

  send(frame: Uint8Array): void {
    if (this.#open) {
      this.sentFrames.push(frame);
      // A network delivers copies: neither end may count on the other's memory.
      this.#outbox.push(Uint8Array.from(frame));
      this.#clock.endOfTurn(() => this.#deliver());
    }
  }

  /** Delivers the frames held at this sender. */
  unstall(): void {
    this.stalled = false;
    this.#deliver();
  }

  pause(): void {
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    this.#clock.endOfTurn(() => this.#receive());
  }

  /** Ends the connection only after sent frames could leave, as a socket does. */
  close(): void {
    this.#closing = true;
    this.#clock.endOfTurn(() => this.#deliver());
  }

  terminate(): void {
    if (this.#open) {
      this.#pass(END);
    }
    this.#shut('this end ended the connection');
  }

  /** The host vanishes: no frame passes any more, and neither end is told. */
  vanish(): void {
    this.#open = false;
    this.#outbox = [];
  }

  #deliver(): void {
    if (this.stalled || !this.#open) {
      return;
    }
    const frames = this.#outbox;
    this.#outbox = [];
    for (const frame of frames) {
      this.#pass(frame);
    }
    if (frames.length > 0) {
      this.#events.drained();
    }
    if (this.#closing && this.#outbox.length === 0) {
      this.terminate();
    }
  }

  #pass(frame: Uint8Array): void {
    if (this.#peer !== undefined) {
      this.#peer.#arrive(frame);
    }
  }

  #arrive(frame: Uint8Array): void {
    if (this.#open) {
      this.#inbox.push(frame);
      this.#clock.endOfTurn(() => this.#receive());
    }
  }

  #receive(): void {
    const frame = this.#held ? undefined : this.#inbox.shift();
    if (frame === END) {
      this.#shut('the other end ended the connection');
    } else if (frame !== undefined) {
      this.#events.frame(frame);
      this.#clock.endOfTurn(() => this.#receive());
    }
  }

  #shut(reason: string): void {
    this.#open = false;
    if (!this.#told) {
      this.#told = true;
      this.#endReason = reason;
      this.#clock.endOfTurn(() => this.#events.closed(reason));
    }
  }
}
