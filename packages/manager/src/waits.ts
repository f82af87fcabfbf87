import type { Cancel, Clock } from '@millrace/protocol';
import { Heap, isEarlier, type TimedEntry } from './heap.ts';

/** Something that waits for an event or its time, whichever comes first. */
export interface Wait extends TimedEntry {
  expire(): void;
}

/** All waits of a manager behind one timer. */
export class Waits {
  readonly #clock: Clock;
  readonly #heap = new Heap<Wait>(isEarlier);
  #armedAtMs = Number.POSITIVE_INFINITY;
  #disarm: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** The instant `waitMs` from now. */
  inMs(waitMs: number): number {
    return this.#clock.monotonicMs() + waitMs;
  }

  add(wait: Wait): void {
    this.#heap.add(wait);
    if (wait.atMs < this.#armedAtMs) {
      this.#arm(wait.atMs);
    }
  }

  after(waitMs: number, expire: () => void): Wait {
    const wait: Wait = { atMs: this.inMs(waitMs), heapIndex: -1, expire };
    this.add(wait);
    return wait;
  }

  remove(wait: Wait): void {
    this.#heap.remove(wait);
  }

  stop(): void {
    this.#disarm();
  }

  #arm(atMs: number): void {
    this.#disarm();
    this.#armedAtMs = atMs;
    const inMs = Math.ceil(Math.max(0, atMs - this.#clock.monotonicMs()));
    this.#disarm = this.#clock.after(inMs, () => this.#expireDue());
  }

  #expireDue(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    for (let first = this.#heap.first; first && first.atMs <= nowMs; first = this.#heap.first) {
      this.#heap.remove(first);
      first.expire();
    }
    if (this.#heap.first !== undefined) {
      this.#arm(this.#heap.first.atMs);
    }
  }
}
