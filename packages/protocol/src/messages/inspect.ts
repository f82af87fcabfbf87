import { limits } from '../words/limits.ts';
import { attemptKinds, taskStates } from '../words/task.ts';
import {
  count,
  durationMs,
  flag,
  group,
  list,
  omissible,
  optional,
  requestId,
  text,
  word,
} from './wire/fields.ts';
import {
  payload,
  priority,
  queueName,
  taskError,
  taskId,
  taskName,
  version,
} from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks what the manager knows of a task. */
export const inspect = verb(44, 'inspect', 'dialler', {
  requestId,
  taskId,
  /** Whether payload and result are wanted as well. */
  withData: optional(flag),
});

/** An attempt that has ended. */
export const pastAttempt = group('past attempt', {
  grant: count,
  kind: word(attemptKinds),
  worker: text(limits.workerNameMaxBytes),
  runner: optional(text(limits.runnerMaxBytes)),
  beganAgoMs: count,
  endedAgoMs: count,
  error: optional(taskError),
});

export const taskInfo = verb(45, 'taskInfo', 'manager', {
  requestId,
  queue: queueName,
  name: taskName,
  state: word(taskStates),
  priority,
  grant: count,
  failures: count,
  losses: count,
  returns: count,
  payloadBytes: count,
  error: optional(taskError),
  attempts: optional(count),
  deadlineMs: optional(durationMs),
  acceptedAgoMs: optional(count),
  dueInMs: optional(count),
  expiresInMs: optional(count),
  finishedAgoMs: optional(count),
  payload: optional(payload),
  result: optional(payload),
  history: omissible(list(pastAttempt, limits.historyMax)),
  version: omissible(version),
});
