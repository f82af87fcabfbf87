import { type ErrorCode, MillraceError } from '@millrace/protocol';
import type { AbortReason } from './runner.ts';

const stated: Readonly<Record<AbortReason, readonly [ErrorCode, string]>> = {
  deadline: ['DEADLINE_EXCEEDED', 'the attempt did not end before its deadline'],
  cancelled: ['TASK_CANCELLED', 'the task was cancelled'],
  drain: ['SHUTTING_DOWN', 'the worker is shutting down; the task will run elsewhere'],
};

/** The `signal.reason` that a handler sees; `fetch` and its like throw it. */
export const abortError = (reason: AbortReason): MillraceError =>
  new MillraceError(...stated[reason]);
