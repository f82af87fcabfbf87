import { limits } from '../words/limits.ts';
import { runKinds, runOutcomes, scheduleOrigins } from '../words/schedule.ts';
import { instantMs, scheduleSpec } from './schedule.ts';
import { count, flag, group, list, optional, requestId, text, word } from './wire/fields.ts';
import { scheduleName, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks for a schedule with its last runs. */
export const showSchedule = verb(114, 'showSchedule', 'dialler', { requestId, name: scheduleName });

/** A task that a schedule made, or would have made. */
export const scheduleRun = group('schedule run', {
  kind: word(runKinds),
  tickAtMs: instantMs,
  firedAtMs: instantMs,
  taskId,
  outcome: word(runOutcomes),
  endedAtMs: optional(instantMs),
});

export const scheduleInfo = verb(115, 'scheduleInfo', 'manager', {
  requestId,
  schedule: scheduleSpec,
  origin: word(scheduleOrigins),
  isPaused: flag,
  createdAtMs: instantMs,
  lastTickAtMs: instantMs,
  nextAtMs: optional(instantMs),
  skipped: count,
  delayed: optional(text(limits.reasonMaxBytes)),
  runs: list(scheduleRun, limits.scheduleRunsMax),
});
