/** Milliseconds of the machine's monotonic clock, which all its processes share. */
const NS_PER_MS = 1e6;
const originMs = Number(process.hrtime.bigint()) / NS_PER_MS - performance.now();

export const sharedClockMs = (): number => originMs + performance.now();
