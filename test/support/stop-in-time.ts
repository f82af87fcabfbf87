import type { Child } from './child.ts';

/** Number of stops. A busy machine may hold up one of them; a fault makes every stop late. */
const TRIES = 5;
const LATE = /the stop has taken its \d+ ms|the time to drain is over/;

/**
 * Starts a command and stops it, and repeats this if the stop was late. A command that takes longer
 * than its time to stop says so and ends itself by SIGKILL.
 *
 * @returns the first command that ended in time, or else the last one
 */
export const stopInTime = async (
  start: () => Promise<Child>,
  signal: NodeJS.Signals,
): Promise<Child> => {
  for (let tries = 1; ; tries++) {
    const child = await start();
    await child.end(signal);
    if (tries === TRIES || !LATE.test(child.output)) {
      return child;
    }
  }
};
