const NS_PER_US = 1_000n;

/** Microseconds on the monotonic clock that all processes of this machine share. */
export const momentUs = (): number => Number(process.hrtime.bigint() / NS_PER_US);
