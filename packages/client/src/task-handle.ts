import type { CallOptions } from '@millrace/protocol';
import { awaitOutcome, type ResultOptions } from './calls/await-outcome.ts';
import { type CancelAnswer, cancel } from './calls/cancel.ts';
import { drop } from './calls/drop.ts';
import { type InspectOptions, inspect, type TaskInfo } from './calls/inspect.ts';
import type { CallPort } from './calls/port.ts';
import { prioritize } from './calls/prioritize.ts';
import { type RetryCall, retry } from './calls/retry.ts';

/** One task, by its id. */
export class TaskHandle<Output = unknown> {
  readonly id: string;
  /**
   * Whether the `enqueue` that returned this handle made the task; `false` if a task with the
   * same key was there before. Undefined for a handle that no `enqueue` returned.
   */
  readonly isNew: boolean | undefined;
  readonly #port: CallPort;

  constructor(id: string, port: CallPort, isNew?: boolean) {
    this.id = id;
    this.isNew = isNew;
    this.#port = port;
  }

  /**
   * Waits for the result.
   *
   * @throws TASK_DEAD, TASK_CANCELLED or TASK_EXPIRED as a `TaskFailed`, with the last
   *   error of the task if there was one; TIMEOUT or ABORTED while the task goes on; UNKNOWN_TASK,
   *   RESULT_REMOVED, BAD_OPTION
   */
  result(options: ResultOptions = {}): Promise<Output> {
    return awaitOutcome(this.#port, this.id, options);
  }

  /**
   * Cancels the task. A task that runs is asked to stop, and the answer is `requested`. A
   * task that has ended keeps its outcome, and the answer is `finished`.
   *
   * @param reason for people, cut to 1 KiB
   * @throws UNKNOWN_TASK; NOT_SENT or UNKNOWN without an answer in time
   */
  cancel(reason = 'cancelled by its producer', options: CallOptions = {}): Promise<CancelAnswer> {
    return cancel(this.#port, this.id, reason, options);
  }

  /**
   * Changes the priority of the task while it is ready or scheduled. Among tasks of equal priority,
   * the task is placed by its arrival.
   *
   * @param priority integer −128…127, higher first
   * @throws TASK_NOT_WAITING when it runs or has ended; UNKNOWN_TASK, BAD_OPTION; NOT_SENT or
   *   UNKNOWN without an answer in time
   */
  setPriority(priority: number, options: CallOptions = {}): Promise<void> {
    return prioritize(this.#port, this.id, priority, options);
  }

  /**
   * Answers what the manager knows of the task now.
   *
   * @throws UNKNOWN_TASK; TIMEOUT, ABORTED
   */
  inspect(options: InspectOptions = {}): Promise<TaskInfo> {
    return inspect(this.#port, this.id, options);
  }

  /**
   * Retries a dead task: a new task does the same work, with its attempts counted from zero.
   * The dead task is removed in the same step, because an outcome that was seen never
   * changes. Only dead tasks keep the payload that a retry needs.
   *
   * @throws PAYLOAD_INVALID or PAYLOAD_TOO_LARGE for the payload of the call; TASK_NOT_DEAD;
   *   KEY_IN_USE while another task has its idempotency key; UNKNOWN_TASK or RESULT_REMOVED
   *   when the task is no longer kept; QUEUE_FULL, UNKNOWN_QUEUE, STORE_FULL; NOT_SENT or UNKNOWN without an answer in
   *   its time, which is ten minutes at most
   */
  async retry(options: RetryCall = {}): Promise<TaskHandle<Output>> {
    return new TaskHandle<Output>(await retry(this.#port, this.id, options), this.#port);
  }

  /**
   * Removes a dead task before its retention ends.
   *
   * @throws TASK_NOT_DEAD; UNKNOWN_TASK or RESULT_REMOVED when the task is no longer
   *   kept; NOT_SENT or UNKNOWN without an answer in time
   */
  drop(options: CallOptions = {}): Promise<void> {
    return drop(this.#port, this.id, options);
  }
}
