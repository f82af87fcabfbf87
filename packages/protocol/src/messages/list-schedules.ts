import { limits } from '../words/limits.ts';
import { scheduleOrigins } from '../words/schedule.ts';
import { instantMs } from './schedule.ts';
import { durationMs, flag, group, list, optional, requestId, text, word } from './wire/fields.ts';
import { cursor, queueName, scheduleName, taskName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks for a page of schedules. */
export const listSchedules = verb(112, 'listSchedules', 'dialler', {
  requestId,
  after: optional(cursor),
});

export const listedSchedule = group('listed schedule', {
  name: scheduleName,
  origin: word(scheduleOrigins),
  queue: queueName,
  task: taskName,
  cron: optional(text(limits.cronMaxBytes)),
  timeZone: optional(text(limits.timeZoneMaxBytes)),
  everyMs: optional(durationMs),
  isPaused: flag,
  nextAtMs: optional(instantMs),
  delayed: optional(text(limits.reasonMaxBytes)),
});

/** A page in the order of the names. It can be short, even empty, and still have others behind it. */
export const schedulePage = verb(113, 'schedulePage', 'manager', {
  requestId,
  schedules: list(listedSchedule, limits.schedulePageMax),
  next: optional(cursor),
});
