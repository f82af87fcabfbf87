import { limits } from '../words/limits.ts';
import { attemptKinds } from '../words/task.ts';
import {
  count,
  durationMs,
  group,
  list,
  omissible,
  optional,
  requestId,
  text,
  word,
} from './wire/fields.ts';
import { payload, taskError, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

export const attemptResult = group('attempt result', {
  taskId,
  epoch: count,
  grant: count,
  kind: word(attemptKinds),
  result: optional(payload),
  error: optional(taskError),
  waitMs: omissible(durationMs),
  runner: omissible(text(limits.runnerMaxBytes)),
});

/** Reports how attempts ended. Resent until answered; the token makes that harmless. */
export const settle = verb(67, 'settle', 'dialler', { requestId, results: list(attemptResult) });

const settleAnswers = ['accepted', 'duplicate', 'LEASE_LOST', 'UNKNOWN_TASK'] as const;

/** One answer per result, in order; each of the four ends the resending. */
export const settled = verb(68, 'settled', 'manager', {
  requestId,
  answers: list(word(settleAnswers)),
});
