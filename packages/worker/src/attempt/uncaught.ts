import type { Assignment } from './runner.ts';
import { currentAssignment } from './scope.ts';

/** An error that nothing caught, or a rejection that nothing handled. */
export interface Uncaught {
  readonly code: 'UNHANDLED_REJECTION' | 'UNCAUGHT_EXCEPTION';
  readonly thrown: unknown;
  /** The attempt whose promise or callback it was; undefined if it was none's. */
  readonly assignment: Assignment | undefined;
}

/**
 * Node has left the context of a microtask when it reports the error that the
 * microtask threw, so errors are caught before that. Returns the function that stops this.
 */
const watchMicrotasks = (take: (uncaught: Uncaught) => void): (() => void) => {
  const { queueMicrotask: original } = globalThis;
  const watched = (callback: () => void): void => {
    const assignment = currentAssignment();
    if (assignment === undefined || typeof callback !== 'function') {
      original(callback);
      return;
    }
    original(() => {
      try {
        callback();
      } catch (thrown) {
        take({ code: 'UNCAUGHT_EXCEPTION', thrown, assignment });
      }
    });
  };
  globalThis.queueMicrotask = watched;
  return () => {
    if (globalThis.queueMicrotask === watched) {
      globalThis.queueMicrotask = original;
    }
  };
};

/**
 * Catches what nothing else catches in this process, instead of letting Node end it.
 * Returns the function that stops this.
 */
export const catchUncaught = (take: (uncaught: Uncaught) => void): (() => void) => {
  const rejected = (thrown: unknown): void =>
    take({ code: 'UNHANDLED_REJECTION', thrown, assignment: currentAssignment() });
  const threw = (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    const code = origin === 'unhandledRejection' ? 'UNHANDLED_REJECTION' : 'UNCAUGHT_EXCEPTION';
    take({ code, thrown, assignment: currentAssignment() });
  };
  const restore = watchMicrotasks(take);
  process.on('unhandledRejection', rejected);
  process.on('uncaughtException', threw);
  return () => {
    restore();
    process.off('unhandledRejection', rejected);
    process.off('uncaughtException', threw);
  };
};
