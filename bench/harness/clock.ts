const MS_PER_SECOND = 1_000;
const NS_PER_MS = 1e6;

/**
 * Milliseconds of the monotonic clock that all processes of the machine share. Not
 * computed as `performance.now()` plus an offset: an interruption between the two
 * readings would make the offset wrong.
 */
export const sharedClockMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * MS_PER_SECOND + nanoseconds / NS_PER_MS;
};
