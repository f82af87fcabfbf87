import { limits } from '../words/limits.ts';
import { missedPolicies } from '../words/schedule.ts';
import { taskOptions } from './enqueue.ts';
import type { FieldValue } from './wire/field.ts';
import {
  bytes,
  durationMs,
  group,
  integer,
  optional,
  requestId,
  text,
  word,
} from './wire/fields.ts';
import {
  attempts,
  deadlineMs,
  priority,
  queueName,
  scheduleName,
  taskName,
} from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** A point in time, in milliseconds of Unix time. */
export const instantMs = integer(0, limits.instantMaxMs);

/** When a schedule ticks, and the task that each tick makes. */
export const scheduleSpec = group('schedule', {
  name: scheduleName,
  cron: optional(text(limits.cronMaxBytes)),
  timeZone: optional(text(limits.timeZoneMaxBytes)),
  everyMs: optional(durationMs),
  startAtMs: optional(instantMs),
  endAtMs: optional(instantMs),
  jitterMs: durationMs,
  missed: word(missedPolicies),
  queue: queueName,
  task: taskName,
  payload: bytes(limits.scheduleInputMaxBytes),
  priority,
  delayMs: durationMs,
  deadlineMs,
  attempts,
  expiresInMs: optional(durationMs),
  options: taskOptions,
});

export type ScheduleSpec = FieldValue<typeof scheduleSpec>;

/** Makes a schedule, or changes the one of its name. */
export const schedule = verb(110, 'schedule', 'dialler', { requestId, schedule: scheduleSpec });

export const scheduleAnswers = ['created', 'changed', 'unchanged'] as const;

export const scheduled = verb(111, 'scheduled', 'manager', {
  requestId,
  answer: word(scheduleAnswers),
});
