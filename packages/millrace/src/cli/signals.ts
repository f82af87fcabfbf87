/** Runs `stop` at the first SIGINT or SIGTERM; a second one ends the process at once. */
export const onStopSignal = (stop: (signal: NodeJS.Signals) => void): void => {
  let isStopping = false;
  const handle = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      process.exit(1);
    }
    isStopping = true;
    stop(signal);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
};

/** Writes a line of talk; data goes to stdout, talk to stderr. */
export const say = (line: string): void => {
  process.stderr.write(`millrace: ${line}\n`);
};
