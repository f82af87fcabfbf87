const MS_PER_SECOND = 1_000;
const NS_PER_MS = 1e6;

/**
 * Milliseconds of the machine's monotonic clock, which all its processes share.
 * Read at each call: an offset to `performance.now()`, taken once, is wrong by
 * whatever the process was interrupted for between the two readings.
 */
export const sharedClockMs = (): number => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * MS_PER_SECOND + nanoseconds / NS_PER_MS;
};
