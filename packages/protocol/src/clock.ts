/** Cancels what was scheduled; after it ran, or twice, does nothing. */
export type Cancel = () => void;

/**
 * Time as this process sees it. Everything that waits takes a clock, so that a
 * simulation can supply its own.
 */
export interface Clock {
  /** Never steps; for leases, grace and heartbeats. */
  monotonicMs(): number;
  /** Milliseconds since 1970; may step; for schedules and retention. */
  wallMs(): number;
  after(delayMs: number, run: () => void): Cancel;
  /** Runs once when the present turn of the event loop has handled its input. */
  endOfTurn(run: () => void): void;
}

/** The longest delay that Node's timers hold; longer ones fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timer =
        leftMs > TIMER_MAX_MS
          ? setTimeout(() => arm(leftMs - TIMER_MAX_MS), TIMER_MAX_MS)
          : setTimeout(run, leftMs);
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
  endOfTurn: (run) => void setImmediate(run),
};
