/** The same payload as in the tables of other queues. */
export const payload = {
  a: 1,
  name: 'resize',
  url: 'https://example.org/a/b/c.png',
  width: 640,
  height: 480,
} as const;

export const IN_FLIGHT = 2_000;

/** Keeps `inFlight` calls open until `count` have ended; resolves with calls per second. */
export const drive = async (
  count: number,
  inFlight: number,
  call: () => Promise<unknown>,
): Promise<number> => {
  const startedAtMs = performance.now();
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (count / (performance.now() - startedAtMs)) * 1_000;
};

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted[middle] ?? 0;
};
