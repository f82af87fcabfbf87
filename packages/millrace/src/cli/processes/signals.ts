import { exitCodes, reportError } from '../terminal/exit.ts';

/** A terminal and a supervisor may both pass on one Ctrl-C. */
const SAME_WISH_MS = 1_000;

/**
 * Ends with what `stop` does at the first SIGINT or SIGTERM; a second wish ends
 * the process at once, as `endAtOnce` does it.
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
