import { limits } from './limits.ts';

/**
 * The wait before reconnection number `n`, from 0: a random time below
 * min(5 s, 100 ms · 2^n), so that the peers of a restarted manager do not return
 * together. `random` is in [0, 1).
 */
export const reconnectDelayMs = (n: number, random: number): number =>
  random * Math.min(limits.reconnectMaxMs, limits.reconnectFirstMs * 2 ** Math.min(n, 16));

/** The wait before a dialler with leases dials again, within the grace of its session: 25 to 75 ms. */
export const resumeDelayMs = (random: number): number =>
  limits.resumeRetryMinMs + random * (limits.resumeRetryMaxMs - limits.resumeRetryMinMs);
