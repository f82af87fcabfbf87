/** A value, or a promise of it. */
export type Eventually<T> = T | Promise<T>;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  'then' in value &&
  typeof value.then === 'function';

const later = async <T, R>(
  value: T | PromiseLike<T>,
  next: (value: T) => Eventually<R>,
  failed: (thrown: unknown) => R,
): Promise<R> => {
  let settled: T;
  try {
    settled = await value;
  } catch (thrown) {
    return failed(thrown);
  }
  return next(settled);
};

/**
 * Calls `attempt`, then `next` with its value or `failed` with its error. Continues
 * synchronously unless the value is a promise: most work never waits, and a promise for
 * each step costs more than the step. `next` and `failed` must not throw.
 */
export const tryThen = <T, R>(
  attempt: () => T | PromiseLike<T>,
  next: (value: T) => Eventually<R>,
  failed: (thrown: unknown) => R,
): Eventually<R> => {
  let value: T | PromiseLike<T>;
  let isLater: boolean;
  try {
    value = attempt();
    isLater = isThenable(value);
  } catch (thrown) {
    return failed(thrown);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a value without `then` is no promise
  return isLater ? later(value, next, failed) : next(value as T);
};
