import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { Assignment } from './runner.ts';

const current = new AsyncLocalStorage<Assignment>();

/** The context in which this module was loaded; no handler can change it. */
const outside = new AsyncResource('millrace.worker');

/**
 * Calls a handler in an asynchronous context of its own. What the handler enters
 * there with `AsyncLocalStorage#enterWith` reaches no other attempt.
 */
export const inScope = <T>(assignment: Assignment, call: () => T): T =>
  outside.runInAsyncScope(() =>
    new AsyncResource('millrace.attempt').runInAsyncScope(() => current.run(assignment, call)),
  );

/** The attempt whose code runs now, or whose promise or timer calls this; undefined outside of all. */
export const currentAssignment = (): Assignment | undefined => current.getStore();
