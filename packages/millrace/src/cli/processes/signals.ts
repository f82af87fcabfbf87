import { OUTPUT_MAX_MS, systemClock } from '@millrace/protocol';
import { tuning } from '../../tuning.ts';
import { exitCodes, reportError } from '../terminal/exit.ts';
import { say } from '../terminal/output.ts';
import { endProcess, killThisProcess } from './kill.ts';

/** Signals within this time count as one: a terminal and a supervisor may both deliver one Ctrl-C. */
const SAME_WISH_MS = 1_000;

/** Part of the time of a stop that is kept for the end of the process itself. */
export const exitReserveMs = (withinMs: number): number =>
  Math.min(tuning.exitReserveMs, withinMs / 5);

export interface Stop {
  /** Called at the first signal; the process ends when it is done. */
  readonly run: (signal: NodeJS.Signals) => Promise<void>;
  /** Longest time from the first signal to the end of the process; no limit if undefined. */
  readonly withinMs?: number;
  /** Called at a second signal. */
  readonly endAtOnce?: () => void;
}

/** Kills the process if the stop takes longer; a stop that ends in time leaves half of the reserve. */
const endAt = (withinMs: number): void => {
  systemClock.after(withinMs - exitReserveMs(withinMs) / 2, () => {
    say(`the stop has taken its ${withinMs} ms: ending this process by SIGKILL`);
    killThisProcess();
  });
};

/** Part of what is left of a stop that its end may spend on a slow reader of the output. */
const outputMaxMs = (sinceMs: number, withinMs = Number.POSITIVE_INFINITY): number =>
  Math.min(OUTPUT_MAX_MS, Math.max(0, sinceMs + withinMs - performance.now()) / 4);

/**
 * Runs a stop at the first SIGINT, SIGTERM or SIGHUP. A second SIGINT or SIGTERM ends
 * the process at once; SIGHUP never does, because a terminal that is closed during a
 * stop is no second wish.
 */
export const onStopSignal = ({
  endAtOnce = () => process.exit(exitCodes.failed),
  run,
  withinMs,
}: Stop): void => {
  let stoppedAtMs: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    if (stoppedAtMs === undefined) {
      const sinceMs = performance.now();
      stoppedAtMs = sinceMs;
      const end = (code: number): Promise<void> => endProcess(code, outputMaxMs(sinceMs, withinMs));
      if (withinMs !== undefined) {
        endAt(withinMs);
      }
      run(signal).then(
        () => end(exitCodes.ok),
        (error: unknown) => end(reportError(error)),
      );
    } else if (signal !== 'SIGHUP' && performance.now() - stoppedAtMs > SAME_WISH_MS) {
      say(`${signal} again: ending at once`);
      endAtOnce();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, handle);
  }
};
