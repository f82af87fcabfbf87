import { exitCodes } from './exit.ts';

/** A terminal and a supervisor may both pass on one Ctrl-C. */
const SAME_WISH_MS = 1_000;

/** Runs `stop` at the first SIGINT or SIGTERM; a second wish ends the process at once. */
export const onStopSignal = (stop: (signal: NodeJS.Signals) => void): void => {
  let stoppedAtMs: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    if (stoppedAtMs === undefined) {
      stoppedAtMs = performance.now();
      stop(signal);
    } else if (performance.now() - stoppedAtMs > SAME_WISH_MS) {
      process.exit(exitCodes.failed);
    }
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
};

/** Writes a line of talk; data goes to stdout, talk to stderr. */
export const say = (line: string): void => {
  process.stderr.write(`millrace: ${line}\n`);
};
