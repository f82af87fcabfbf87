import { requestId } from './wire/fields.ts';
import { taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Adds the work of a dead task as a new task with the new id, and removes the dead one. */
export const retry = verb(82, 'retry', 'dialler', { requestId, taskId, newTaskId: taskId });

export const retried = verb(83, 'retried', 'manager', { requestId });
