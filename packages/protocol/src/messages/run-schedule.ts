import { flag, requestId } from './wire/fields.ts';
import { scheduleName, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Makes the task of a schedule now, whatever its next tick is. */
export const runSchedule = verb(118, 'runSchedule', 'dialler', {
  requestId,
  name: scheduleName,
  newTaskId: taskId,
});

/** The task that does the work: the new one, unless another has its idempotency key. */
export const scheduleRan = verb(119, 'scheduleRan', 'manager', { requestId, taskId, isNew: flag });
