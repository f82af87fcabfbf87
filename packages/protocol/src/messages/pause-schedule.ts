import { flag, requestId } from './wire/fields.ts';
import { scheduleName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Pauses a schedule, or resumes it. */
export const pauseSchedule = verb(116, 'pauseSchedule', 'dialler', {
  requestId,
  name: scheduleName,
  isPaused: flag,
});

export const schedulePaused = verb(117, 'schedulePaused', 'manager', {
  requestId,
  isPaused: flag,
});
