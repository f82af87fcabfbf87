import { type ErrorCode, MillraceError } from '@millrace/protocol';
import type { TaskContext } from '../handlers/handler.ts';
import { type TaskLog, taskLog } from '../handlers/task-log.ts';
import type { AbortReason, Assignment } from './runner.ts';

const stated: Readonly<Record<AbortReason, readonly [ErrorCode, string]>> = {
  deadline: ['DEADLINE_EXCEEDED', 'the attempt did not end before its deadline'],
  cancelled: ['TASK_CANCELLED', 'the task was cancelled'],
  drain: ['SHUTTING_DOWN', 'the worker is shutting down; the task will run elsewhere'],
};

/** The `signal.reason` that a handler sees; `fetch` and its like throw it. */
export const abortError = (reason: AbortReason): MillraceError =>
  new MillraceError(...stated[reason]);

/** When a run that starts now has to end, in ms on the wall clock that all runners of a host share. */
export const deadlineOf = ({ deadlineMs }: Assignment): number | null =>
  deadlineMs === null ? null : Date.now() + deadlineMs;

/**
 * What a handler sees of its attempt. Signal, date and log are made when they
 * are first asked for: most short handlers never ask.
 */
export class Attempt implements TaskContext {
  readonly taskId: string;
  readonly attempt: number;
  readonly #deadlineAtMs: number | null;
  #controller: AbortController | undefined;
  #reason: AbortReason | undefined;

  /** @param deadlineAtMs on the wall clock, which all runners of a host share */
  constructor({ attempt, token }: Assignment, deadlineAtMs: number | null) {
    this.taskId = token.taskId;
    this.attempt = attempt;
    this.#deadlineAtMs = deadlineAtMs;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) {
        this.#controller.abort(abortError(this.#reason));
      }
    }
    return this.#controller.signal;
  }

  get deadline(): Date | null {
    return this.#deadlineAtMs === null ? null : new Date(this.#deadlineAtMs);
  }

  get log(): TaskLog {
    return taskLog(this.taskId);
  }

  /** The first reason stands. */
  abort(reason: AbortReason): void {
    if (this.#reason === undefined) {
      this.#reason = reason;
      this.#controller?.abort(abortError(reason));
    }
  }

  /** @throws DEADLINE_EXCEEDED, TASK_CANCELLED or SHUTTING_DOWN when it was aborted */
  throwIfAborted(): void {
    if (this.#reason !== undefined) {
      throw abortError(this.#reason);
    }
  }
}
