import { extra, extrasField } from './wire/extras.ts';
import type { FieldValue } from './wire/field.ts';
import { count, durationMs, group, list, optional, requestId } from './wire/fields.ts';
import {
  attempts,
  deadlineMs,
  payload,
  priority,
  queueName,
  retryPolicy,
  taskId,
  taskName,
} from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Options that few tasks have. */
export const taskOptions = extrasField('task options', {
  retryPolicy: extra(1, retryPolicy, undefined),
});

/** A task as its producer describes it. The id makes resending harmless. */
export const newTask = group('new task', {
  taskId,
  queue: queueName,
  name: taskName,
  payload,
  priority,
  delayMs: durationMs,
  deadlineMs,
  attempts,
  expiresInMs: optional(durationMs),
  options: taskOptions,
});

export type NewTask = FieldValue<typeof newTask>;

/**
 * Adds tasks, all or none. `waitMs` is how long to wait for room. With `awaitMs`
 * the outcome of the one task is the answer, as if AWAIT_OUTCOME had followed.
 */
export const enqueue = verb(32, 'enqueue', 'dialler', {
  requestId,
  waitMs: durationMs,
  tasks: list(newTask),
  awaitMs: optional(durationMs),
});

/** The tasks are on disk; `created` of them were new. */
export const enqueued = verb(33, 'enqueued', 'manager', { requestId, created: count });

/** The queue is full. The request waits at the manager without its payloads. */
export const parked = verb(34, 'parked', 'manager', { requestId });

/** There is room: send the parked request again. */
export const room = verb(35, 'room', 'manager', { requestId });
