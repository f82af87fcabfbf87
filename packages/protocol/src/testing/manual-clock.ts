import type { Cancel, Clock } from '../runtime/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * A clock that stands still until a test moves it. Timers run in the order of their
 * times; callbacks for the end of a turn run when `settle` or `advance` is called.
 */
export class ManualClock implements Clock {
  #monotonicMs = 0;
  #wallMs: number;
  readonly #timers = new Set<Timer>();
  #turn: (() => void)[] = [];

  constructor(wallMs = 1_700_000_000_000) {
    this.#wallMs = wallMs;
  }

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
    this.#turn.push(run);
  }

  /** Timers that wait; with none, a process with this clock could end. */
  get timersWaiting(): number {
    return this.#timers.size;
  }

  /** Lets promises settle and turns end until nothing more happens without time passing. */
  async settle(): Promise<void> {
    let quietTurns = 0;
    while (quietTurns < 2) {
      await new Promise(setImmediate);
      const turn = this.#turn;
      this.#turn = [];
      quietTurns = turn.length === 0 ? quietTurns + 1 : 0;
      for (const run of turn) {
        run();
      }
    }
  }

  /** Moves the time forward, timer by timer, and settles after each. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#monotonicMs + byMs;
    await this.settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#moveTo(next.dueMs);
      this.#timers.delete(next);
      next.run();
      await this.settle();
    }
    this.#moveTo(untilMs);
  }

  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs);
    return due.toSorted((a, b) => a.dueMs - b.dueMs)[0];
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
