let lastBytes = 0;

/**
 * Resident memory of this process. Node reads it from a file on Linux, and fails when the process
 * has no free descriptor. This function then returns the last known value, because a measurement
 * must not end a worker.
 */
export const residentBytes = (): number => {
  try {
    lastBytes = process.memoryUsage.rss();
  } catch {
    return lastBytes;
  }
  return lastBytes;
};
