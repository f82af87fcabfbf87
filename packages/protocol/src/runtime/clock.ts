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
  /**
   * Runs once when the present turn of the event loop has handled its input. What that
   * leaves for the end of the turn may run in the same, before any promise is settled.
   */
  endOfTurn(run: () => void): void;
}

/**
 * Gathers what is to run at the end of a turn, and plans it as one. What that leaves
 * for the end of the turn in its turn is done then, too: planned by itself, it would
 * wait until all input that has arrived meanwhile is handled.
 *
 * @param plan runs something once, at the end of the present turn
 */
export const turnEnd = (plan: (run: () => void) => void): ((run: () => void) => void) => {
  const runs: (() => void)[] = [];
  let done = 0;
  const runAll = (): void => {
    try {
      while (done < runs.length) {
        done += 1;
        runs[done - 1]?.();
      }
    } finally {
      if (done < runs.length) {
        // One threw. Where the process goes on, it takes no other with it.
        plan(runAll);
      } else {
        runs.length = 0;
        done = 0;
      }
    }
  };
  return (run) => {
    if (runs.push(run) === 1) {
      plan(runAll);
    }
  };
};

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
  endOfTurn: turnEnd((run) => void setImmediate(run)),
};
