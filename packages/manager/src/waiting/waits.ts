import type { Cancel, Clock } from '@millrace/protocol';
import { type TimedEntry, Timetable } from '../structures/timetable.ts';

/** A wait that ends by an event, or else at its time. */
export interface TimedWait extends TimedEntry<TimedWait> {
  expire(): void;
}

/** All waits of a manager behind one timer. */
export class Waits {
  readonly #clock: Clock;
  readonly #timetable = new Timetable<TimedWait>();
  #armedAtMs = Number.POSITIVE_INFINITY;
  #disarm: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether nothing waits; for tests. */
  get isEmpty(): boolean {
    return this.#timetable.first === undefined;
  }

  add(wait: TimedWait, waitMs: number): void {
    this.#timetable.add(wait, waitMs, this.#clock.monotonicMs());
    if (wait.atMs < this.#armedAtMs) {
      this.#arm(wait.atMs);
    }
  }

  after(waitMs: number, expire: () => void): TimedWait {
    const wait: TimedWait = {
      atMs: 0,
      line: undefined,
      before: undefined,
      next: undefined,
      expire,
    };
    this.add(wait, waitMs);
    return wait;
  }

  remove(wait: TimedWait): void {
    this.#timetable.remove(wait);
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
    const timetable = this.#timetable;
    for (let { first } = timetable; first && first.atMs <= nowMs; { first } = timetable) {
      timetable.remove(first);
      first.expire();
    }
    if (timetable.first !== undefined) {
      this.#arm(timetable.first.atMs);
    }
  }
}
