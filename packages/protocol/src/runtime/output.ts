import { systemClock } from './clock.ts';

/** Longest wait for a reader of stdout or stderr that reads slowly. */
export const OUTPUT_MAX_MS = 1_000;

const waiting = () => [process.stdout, process.stderr].filter((each) => each.writableLength > 0);

/** A reader that did not read in time is not waited for again before it has read everything. */
let isStalled = false;

/**
 * Resolves when the pipes of stdout and stderr have taken what this process or thread has
 * printed, or when the time is over. The end of a process or thread drops what they have not
 * taken.
 */
export const outputTaken = async (withinMs = OUTPUT_MAX_MS): Promise<void> => {
  const streams = waiting();
  isStalled &&= streams.length > 0;
  if (streams.length === 0 || isStalled) {
    return;
  }
  const written = streams.map((stream) => new Promise((done) => stream.write('', done)));
  await new Promise<void>((resolve) => {
    const cancel = systemClock.after(withinMs, () => {
      isStalled = true;
      resolve();
    });
    void Promise.all(written).then(() => {
      cancel();
      resolve();
    });
  });
};
