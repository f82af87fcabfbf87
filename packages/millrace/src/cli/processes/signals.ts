import { exitCodes, reportError } from '../terminal/exit.ts';

/** Signals within this time count as one: a terminal and a supervisor may both deliver one Ctrl-C. */
const SAME_WISH_MS = 1_000;

/**
 * Calls `stop` at the first SIGINT or SIGTERM, and ends the process when that is
 * done. A second signal calls `endAtOnce`.
 */
export const onStopSignal = (
  stop: (signal: NodeJS.Signals) => Promise<void>,
  endAtOnce: () => void = () => process.exit(exitCodes.failed),
): void => {
  let stoppedAtMs: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    if (stoppedAtMs === undefined) {
      stoppedAtMs = performance.now();
      stop(signal).then(
        () => process.exit(exitCodes.ok),
        (error: unknown) => process.exit(reportError(error)),
      );
    } else if (performance.now() - stoppedAtMs > SAME_WISH_MS) {
      endAtOnce();
    }
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
};
