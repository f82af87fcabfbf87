import { requestId } from './wire/fields.ts';
import { priority, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Changes the priority of a task that waits. */
export const prioritize = verb(50, 'prioritize', 'dialler', { requestId, taskId, priority });

export const prioritized = verb(51, 'prioritized', 'manager', { requestId });
