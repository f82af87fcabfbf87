import { extra, extrasField } from './wire/extras.ts';
import type { FieldValue } from './wire/field.ts';
import { count, durationMs, group, list, omissible, optional, requestId } from './wire/fields.ts';
import {
  attempts,
  deadlineMs,
  payload,
  priority,
  queueName,
  retryPolicy,
  taskId,
  taskKey,
  taskName,
  version,
} from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** While a task holds the key, no further task with it is added: until the task ends, or for a time. */
export const onceKey = group('once key', {
  key: taskKey,
  forMs: optional(durationMs),
});

/** Until the task that holds the key is granted, a further task only replaces its payload. */
export const latestKey = group('latest key', {
  key: taskKey,
  /** How long the task waits from this enqueue on; if absent, the time of the task stays as it is. */
  waitMs: optional(durationMs),
  /** How long the task waits at most, from its acceptance. */
  maxWaitMs: optional(durationMs),
});

/** Options that few tasks have. */
export const taskOptions = extrasField(
  'task options',
  {
    retryPolicy: extra(1, retryPolicy, undefined),
    once: extra(2, onceKey, undefined),
    latest: extra(3, latestKey, undefined),
    version: extra(4, version, 1),
  },
  ({ latest, once }) =>
    latest === undefined || once === undefined ? undefined : 'must have once or latest, not both',
);

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

/** The position of a task in the request, and the id of the task that does its work. */
export const existingTask = group('existing task', { index: count, taskId });

/** The tasks are on disk, and `created` of them were new. `existing` lists those whose work other tasks do. */
export const enqueued = verb(33, 'enqueued', 'manager', {
  requestId,
  created: count,
  existing: omissible(list(existingTask)),
});

/** The queue is full. The request waits at the manager without its payloads. */
export const parked = verb(34, 'parked', 'manager', { requestId });

/** There is room: send the parked request again. */
export const room = verb(35, 'room', 'manager', { requestId });
