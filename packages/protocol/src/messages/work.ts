import { limits } from '../words/limits.ts';
import { attemptKinds } from '../words/task.ts';
import { count, group, integer, list, optional, requestId, word } from './fields.ts';
import {
  deadlineMs,
  payload,
  queueName,
  taskError,
  taskId,
  taskName,
  token,
} from './shared-fields.ts';
import { verb } from './verb.ts';

const pool = integer(0, limits.poolsPerSessionMax - 1);

export const handle = group('handle', { queue: queueName, name: taskName });

/** Declares what a pool of slots runs. GRANT refers to a handle by its position. */
export const declarePool = verb(64, 'declarePool', 'dialler', { pool, handles: list(handle) });

/**
 * Room of a pool, as two running totals: credits ever given, grants ever
 * received. Only totals survive messages that cross on the way.
 */
export const credit = verb(65, 'credit', 'dialler', { pool, given: count, received: count });

export const grantedTask = group('granted task', {
  taskId,
  epoch: count,
  grant: count,
  handle: count,
  payload,
  attempt: count,
  deadlineMs,
});

/** Hands out tasks; each costs the pool one credit. */
export const grant = verb(66, 'grant', 'manager', { pool, tasks: list(grantedTask) });

export const attemptResult = group('attempt result', {
  taskId,
  epoch: count,
  grant: count,
  kind: word(attemptKinds),
  result: optional(payload),
  error: optional(taskError),
});

/** Reports how runs ended. Resent until answered; the token makes that harmless. */
export const settle = verb(67, 'settle', 'dialler', { requestId, results: list(attemptResult) });

export const settleAnswers = ['accepted', 'duplicate', 'LEASE_LOST', 'UNKNOWN_TASK'] as const;

/** One answer per result, in order; each of the four ends the resending. */
export const settled = verb(68, 'settled', 'manager', {
  requestId,
  answers: list(word(settleAnswers)),
});

export const abortReasons = ['cancelled', 'fenced'] as const;

/** Asks for the end of a run: its task was cancelled, or its lease is gone. */
export const abort = verb(69, 'abort', 'manager', { token, reason: word(abortReasons) });
