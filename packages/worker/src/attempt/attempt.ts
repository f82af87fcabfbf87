import { type ErrorCode, MillraceError } from '@millrace/protocol';
import type { TaskContext } from '../handlers/handler.ts';
import { type TaskLog, taskLog } from '../handlers/task-log.ts';
import type { AbortReason, Assignment } from './runner.ts';

const stated: Readonly<Record<AbortReason, readonly [ErrorCode, string]>> = {
  deadline: ['DEADLINE_EXCEEDED', 'the attempt did not end before its deadline'],
  cancelled: ['TASK_CANCELLED', 'the task was cancelled'],
  failed: ['UNCAUGHT_EXCEPTION', 'an error of this attempt was caught by nothing'],
  drain: ['SHUTTING_DOWN', 'the worker is shutting down; the task will run elsewhere'],
};

/** The reason of an aborted signal; `fetch` and similar functions throw it. */
export const abortError = (reason: AbortReason): MillraceError =>
  new MillraceError(...stated[reason]);

/** Deadline of a run that starts now, in ms of the wall clock, which all processes of a host share. */
export const deadlineOf = ({ deadlineMs }: Assignment): number | null =>
  deadlineMs === null ? null : Date.now() + deadlineMs;

/**
 * The attempt, as its handler sees it. The signal, date and log are made on first
 * use, because most short handlers use none of them.
 */
export class Attempt implements TaskContext {
  readonly taskId: string;
  readonly attempt: number;
  readonly version: number;
  readonly #deadlineAtMs: number | null;
  #controller: AbortController | undefined;
  #reason: AbortReason | undefined;

  /** @param deadlineAtMs in ms of the wall clock; `null` for no limit */
  constructor({ attempt, token, version = 1 }: Assignment, deadlineAtMs: number | null) {
    this.taskId = token.taskId;
    this.attempt = attempt;
    this.version = version;
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

  /** Later calls do not change the reason. */
  abort(reason: AbortReason): void {
    if (this.#reason === undefined) {
      this.#reason = reason;
      this.#controller?.abort(abortError(reason));
    }
  }

  /** @throws DEADLINE_EXCEEDED, TASK_CANCELLED or SHUTTING_DOWN if the attempt was aborted */
  throwIfAborted(): void {
    if (this.#reason !== undefined) {
      throw abortError(this.#reason);
    }
  }
}
