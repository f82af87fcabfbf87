import { taskStates } from '../words/task.ts';
import { durationMs, omissible, optional, requestId, word } from './wire/fields.ts';
import { payload, taskError, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Waits for the outcome of a task, at most `waitMs`. */
export const awaitOutcome = verb(40, 'awaitOutcome', 'dialler', {
  requestId,
  taskId,
  waitMs: durationMs,
});

/**
 * The outcome; or the present state, when the wait ended first. `taskId` names the task if it is
 * not the one that an ENQUEUE sent, because another does its work.
 */
export const outcome = verb(41, 'outcome', 'manager', {
  requestId,
  state: word(taskStates),
  result: optional(payload),
  error: optional(taskError),
  taskId: omissible(taskId),
});
