import { limits } from '../../words/limits.ts';
import type { TaskError } from '../../words/task.ts';
import type { Field } from './field.ts';
import {
  bytes,
  count,
  durationMs,
  filled,
  flag,
  group,
  identifier,
  integer,
  list,
  measureFrom,
  nameText,
  nullable,
  optional,
  text,
} from './fields.ts';

export const queueName = nameText(limits.queueNameMaxBytes);
export const taskName = nameText(limits.taskNameMaxBytes);
export const scheduleName = nameText(limits.scheduleNameMaxBytes);
export const taskId = identifier(limits.taskIdMaxBytes);
/** Version of a task's definition. */
export const version = integer(1, limits.versionMax);
/** A key that a producer gives its task. */
export const taskKey = filled(nameText(limits.taskKeyMaxBytes));
export const reason = text(limits.reasonMaxBytes);
/** The manager applies its own, usually lower, limit and answers PAYLOAD_TOO_LARGE. */
export const payload = bytes(limits.payloadCeilingBytes);
export const priority = integer(limits.priorityMin, limits.priorityMax);
export const deadlineMs = nullable(durationMs);
/** Waits between the attempts of a task. */
export const retryPolicy = group('retry policy', {
  waitsMs: list(durationMs, limits.backoffWaitsMax, 1),
  factor: measureFrom(1, limits.backoffFactorMax),
  maxMs: durationMs,
  jitter: measureFrom(0, 1),
});
export const attempts = integer(1, limits.attemptsMax);
/** The name of a group of dead tasks, in hexadecimal digits. */
export const fingerprint = identifier(limits.fingerprintMaxBytes);
/** Number of a pool, chosen by its worker. */
export const pool = integer(0, limits.poolsPerSessionMax - 1);
/** The position at which a listing or a purge goes on; opaque to the dialler. */
export const cursor = text(limits.cursorMaxBytes);

export const token = group('token', { taskId, epoch: count, grant: count });

const errorGroup = group('error', {
  name: text(limits.taskNameMaxBytes),
  message: text(limits.errorMessageMaxBytes),
  stack: text(limits.errorStackMaxBytes),
  retry: flag,
  details: optional(bytes(limits.errorDetailsMaxBytes)),
});

/** Most errors are made without details, and say nothing of them. */
export const taskError: Field<TaskError> & Pick<typeof errorGroup, 'fields'> = errorGroup;
