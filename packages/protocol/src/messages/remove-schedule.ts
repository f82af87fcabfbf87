import { requestId } from './wire/fields.ts';
import { scheduleName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Removes a schedule with its history; tasks that it made stay. */
export const removeSchedule = verb(120, 'removeSchedule', 'dialler', {
  requestId,
  name: scheduleName,
});

export const scheduleRemoved = verb(121, 'scheduleRemoved', 'manager', { requestId });
