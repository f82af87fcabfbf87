let lastBytes = 0;

/**
 * Resident memory of this process. Linux reads it from a file, which fails when the process
 * has no free descriptor; the last known value is told then, because a worker that only
 * measures must not end.
 */
export const residentBytes = (): number => {
  try {
    lastBytes = process.memoryUsage.rss();
  } catch {
    return lastBytes;
  }
  return lastBytes;
};
