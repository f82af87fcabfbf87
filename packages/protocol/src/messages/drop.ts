import { requestId } from './wire/fields.ts';
import { taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Removes a dead task before its retention ends. */
export const drop = verb(84, 'drop', 'dialler', { requestId, taskId });

export const dropped = verb(85, 'dropped', 'manager', { requestId });
