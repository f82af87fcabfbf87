import type { Cancel, Clock } from '../runtime/clock.ts';

export interface HedgeOptions<T> {
  readonly clock: Clock;
  /** A further attempt begins each time that this has passed without an answer. */
  readonly everyMs: number;
  /** No attempt begins after this time. */
  readonly forMs: number;
  /** Called with the result of an attempt that came too late. */
  readonly discard: (late: T) => void;
}

/**
 * Attempts something, and again at intervals while no attempt has ended; the first that
 * ends decides. A dial whose packets were dropped hangs for seconds, although the next
 * one would pass.
 */
export const hedge = <T>(
  attempt: () => Promise<T>,
  { clock, discard, everyMs, forMs }: HedgeOptions<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    let isDecided = false;
    let stop: Cancel = () => {};
    const begin = (leftMs: number): void => {
      attempt().then(
        (result) => (isDecided ? discard(result) : decide(() => resolve(result))),
        (error: unknown) => decide(() => reject(error)),
      );
      if (leftMs >= everyMs) {
        stop = clock.after(everyMs, () => begin(leftMs - everyMs));
      }
    };
    const decide = (settle: () => void): void => {
      isDecided = true;
      stop();
      settle();
    };
    begin(forMs);
  });
