import { limits } from '../words/limits.ts';
import { taskStates } from '../words/task.ts';
import { bytes, count, durationMs, optional, requestId, word } from './fields.ts';
import {
  payload,
  priority,
  queueName,
  reason,
  taskError,
  taskId,
  taskName,
} from './shared-fields.ts';
import { verb } from './verb.ts';

/** Waits for the outcome of a task, at most `waitMs`. */
export const awaitOutcome = verb(40, 'awaitOutcome', 'dialler', {
  requestId,
  taskId,
  waitMs: durationMs,
});

/** The outcome; or the present state, when the wait ended first. */
export const outcome = verb(41, 'outcome', 'manager', {
  requestId,
  state: word(taskStates),
  result: optional(payload),
  error: optional(taskError),
});

export const cancelAnswers = ['cancelled', 'requested', 'finished'] as const;

/** Cancels a task; a running one is asked to stop. */
export const cancel = verb(42, 'cancel', 'dialler', { requestId, taskId, reason });

/** `requested`: it runs, and any end but success will be `cancelled`. */
export const cancelled = verb(43, 'cancelled', 'manager', {
  requestId,
  answer: word(cancelAnswers),
  state: word(taskStates),
});

/** Asks what is known of a task. */
export const inspect = verb(44, 'inspect', 'dialler', { requestId, taskId });

export const taskInfo = verb(45, 'taskInfo', 'manager', {
  requestId,
  queue: queueName,
  name: taskName,
  state: word(taskStates),
  priority,
  grant: count,
  failures: count,
  losses: count,
  returns: count,
  payloadBytes: count,
  error: optional(taskError),
});

/** Asks how many unfinished tasks and items a queue holds. */
export const size = verb(46, 'size', 'dialler', { requestId, queue: queueName });

export const sized = verb(47, 'sized', 'manager', {
  requestId,
  ready: count,
  scheduled: count,
  leased: count,
  bytes: count,
});

/** Asks for the manager's account of itself. */
export const status = verb(48, 'status', 'dialler', { requestId });

/** A payload that decodes to the status document. */
export const statusReport = verb(49, 'statusReport', 'manager', {
  requestId,
  document: bytes(limits.statusMaxBytes),
});
