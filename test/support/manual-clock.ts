import type { Cancel, Clock } from '@millrace/protocol';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * A clock that stands still until a test moves it. Turns of the event loop end as in a
 * real process, so a test can use a real disk with it. The unit tests of the packages
 * have another clock, whose turns end when the test says so.
 */
export class ManualClock implements Clock {
  #monotonicMs = 0;
  #wallMs = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();
  #isStopped = false;

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  endOfTurn(run: () => void): void {
    setImmediate(() => {
      if (!this.#isStopped) {
        run();
      }
    });
  }

  get timersWaiting(): number {
    return this.#timers.size;
  }

  /** Steps the wall clock, as an operator or NTP does. */
  stepWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** Moves to the next timer due by `untilMs` and runs it. @returns whether there was one */
  runNext(untilMs: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) {
        next = timer;
      }
    }
    if (next === undefined) {
      return false;
    }
    this.moveTo(next.dueMs);
    this.#timers.delete(next);
    next.run();
    return true;
  }

  /** Moves both clocks without running timers. */
  moveTo(monotonicMs: number): void {
    const byMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#wallMs += byMs;
    this.#monotonicMs += byMs;
  }

  /** Drops all planned callbacks, as when the process dies. @returns a clock that continues from the same time */
  succeed(): ManualClock {
    this.#isStopped = true;
    this.#timers.clear();
    const next = new ManualClock();
    next.#monotonicMs = this.#monotonicMs;
    next.#wallMs = this.#wallMs;
    return next;
  }
}
