import { performance } from 'node:perf_hooks';
import {
  clearTimeout as nodeClearTimeout,
  setImmediate as nodeSetImmediate,
  setTimeout as nodeSetTimeout,
} from 'node:timers';

/** Timers and clocks from which a `Clock` is made. */
export interface Timers {
  setTimeout(run: () => void, delayMs: number): NodeJS.Timeout;
  clearTimeout(timer: NodeJS.Timeout): void;
  setImmediate(run: () => void): unknown;
  monotonicMs(): number;
  wallMs(): number;
}

/**
 * The timers of the platform, taken once at import. A test that fakes the global timers
 * for its own code must not stop connections, nor leave them with a plan that never runs.
 */
const platform: Timers = {
  setTimeout: nodeSetTimeout,
  clearTimeout: nodeClearTimeout,
  setImmediate: nodeSetImmediate,
  monotonicMs: performance.now.bind(performance),
  wallMs: Date.now,
};

/** Cancels a scheduled call; does nothing once the call ran or was cancelled. */
export type Cancel = () => void;

/** The time of this process. All code that waits takes a clock, so that a simulation can supply its own. */
export interface Clock {
  /** Milliseconds that never step; for leases, grace and heartbeats. */
  monotonicMs(): number;
  /** Milliseconds since 1970; may step; for schedules and retention. */
  wallMs(): number;
  after(delayMs: number, run: () => void): Cancel;
  /**
   * Calls `run` once, when the current turn of the event loop has handled its input. A
   * callback queued by `run` may run in the same pass, before any promise settles.
   */
  endOfTurn(run: () => void): void;
}

/**
 * Collects callbacks for the end of a turn and plans one pass over them. Callbacks
 * queued by these callbacks run in the same pass: planned separately, they would wait
 * until all input that has arrived meanwhile is handled.
 *
 * @param plan calls its argument once, at the end of the current turn
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
        // A callback threw. If the process survives, those behind it must still run.
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

/** Longest delay of Node's timers; a longer one would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const clockOf = (timers: Timers): Clock => ({
  monotonicMs: () => timers.monotonicMs(),
  wallMs: () => timers.wallMs(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timer =
        leftMs > TIMER_MAX_MS
          ? timers.setTimeout(() => arm(leftMs - TIMER_MAX_MS), TIMER_MAX_MS)
          : timers.setTimeout(run, leftMs);
    };
    arm(delayMs);
    return () => timers.clearTimeout(timer);
  },
  endOfTurn: turnEnd((run) => void timers.setImmediate(run)),
});

export const systemClock = clockOf(platform);
