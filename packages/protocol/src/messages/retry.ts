import { flag, omissible, requestId } from './wire/fields.ts';
import { payload, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/**
 * Adds the work of a dead task as a new task with the new id, and removes the dead one. A
 * `payload` replaces that of the dead task, and makes the new task new work.
 */
export const retry = verb(82, 'retry', 'dialler', {
  requestId,
  taskId,
  newTaskId: taskId,
  payload: omissible(payload),
  withoutKey: omissible(flag),
});

export const retried = verb(83, 'retried', 'manager', { requestId });
