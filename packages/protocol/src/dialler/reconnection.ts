import { reconnectDelayMs, resumeDelayMs } from '../words/backoff.ts';

/**
 * Decides how long a dialler waits before it dials again. While leases depend on it,
 * until the grace of the session ends, it dials every 50 ms on average; a shorter outage
 * then costs no lease. After that, and for a session without leases, the waits grow, so
 * that the peers of a restarted manager do not return together.
 */
export class Reconnection {
  #failures = 0;
  /** Undefined while connected. */
  #lostAtMs: number | undefined;

  /** The connection stands. */
  up(): void {
    this.#failures = 0;
    this.#lostAtMs = undefined;
  }

  /** How much of the grace is left; 0 when it is over, or before the first connection. */
  graceLeftMs(nowMs: number, graceMs: number): number {
    return this.#lostAtMs === undefined ? 0 : Math.max(0, this.#lostAtMs + graceMs - nowMs);
  }

  /**
   * The wait after a lost connection or a failed attempt.
   *
   * @param graceMs how long the manager keeps the leases of this session; 0 if it has none
   * @param random in [0, 1)
   */
  delayMs(nowMs: number, graceMs: number, random: number): number {
    this.#lostAtMs ??= nowMs;
    if (this.graceLeftMs(nowMs, graceMs) > 0) {
      return resumeDelayMs(random);
    }
    this.#failures += 1;
    return reconnectDelayMs(this.#failures - 1, random);
  }
}
