/** What is there already, or comes. */
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
  let come: T;
  try {
    come = await value;
  } catch (thrown) {
    return failed(thrown);
  }
  return next(come);
};

/**
 * Tries something, and goes on with what it returned or threw. What is there at
 * once is gone on with at once: most work never waits, and a promise for each of
 * its steps costs more than the steps. `next` and `failed` must not throw.
 */
export const tryThen = <T, R>(
  attempt: () => T | PromiseLike<T>,
  next: (value: T) => Eventually<R>,
  failed: (thrown: unknown) => R,
): Eventually<R> => {
  let value: T | PromiseLike<T>;
  let comes: boolean;
  try {
    value = attempt();
    comes = isThenable(value);
  } catch (thrown) {
    return failed(thrown);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what has no `then` is the value itself
  return comes ? later(value, next, failed) : next(value as T);
};
