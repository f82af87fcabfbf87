/** Node fires a longer timeout at once. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/**
 * Calls `act` once, after a delay of any length.
 *
 * @returns cancels the call
 */
export const after = (delayMs: number, act: () => void): (() => void) => {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    timer =
      leftMs > TIMEOUT_MAX_MS
        ? setTimeout(() => arm(leftMs - TIMEOUT_MAX_MS), TIMEOUT_MAX_MS)
        : setTimeout(act, leftMs);
  };
  arm(delayMs);
  return () => clearTimeout(timer);
};
