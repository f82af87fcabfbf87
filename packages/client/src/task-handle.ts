import { checkTimeout, clip, inquire, limits, type MessageNamed } from '@millrace/protocol';
import { AwaitOutcome } from './await-outcome.ts';
import { dropTask, type OperationsPort, retryTask } from './operations.ts';

export interface ResultOptions {
  /** How long to wait. Default: without limit. */
  readonly timeoutMs?: number;
}

/** `cancelled` at once; `requested` of one that runs; `finished`, it had ended before. */
export type CancelAnswer = MessageNamed<'cancelled'>['answer'];

export type TaskInfo = Omit<MessageNamed<'taskInfo'>, 'verb' | 'requestId'>;

/** One task, by its id. */
export class TaskHandle<Output = unknown> {
  readonly id: string;
  readonly #port: OperationsPort;

  constructor(id: string, port: OperationsPort) {
    this.id = id;
    this.#port = port;
  }

  /**
   * Waits for the result.
   *
   * @throws TASK_DEAD, TASK_CANCELLED or TASK_EXPIRED with what is known of the
   *   cause; TIMEOUT while the task goes on; UNKNOWN_TASK, RESULT_REMOVED, BAD_OPTION
   */
  result(options: ResultOptions = {}): Promise<Output> {
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    const port = this.#port;
    const untilMs = port.clock.monotonicMs() + timeoutMs;
    return new Promise((resolve, reject) => {
      checkTimeout(timeoutMs, `the result of task ${this.id}`);
      port.ask(new AwaitOutcome(this.id, port, timeoutMs, untilMs, resolve, reject));
    });
  }

  /**
   * Cancels the task. A running one is asked to stop: `requested`. One that has
   * ended keeps its outcome: `finished`.
   *
   * @throws UNKNOWN_TASK
   */
  async cancel(reason = 'cancelled by its producer'): Promise<CancelAnswer> {
    let sent = 0;
    const { answer, state } = await inquire(this.#port, 'cancelled', (requestId) => {
      sent += 1;
      const clipped = clip(reason, limits.reasonMaxBytes);
      return { verb: 'cancel', requestId, taskId: this.id, reason: clipped };
    });
    // Sent again, it may find what it did itself when its answer was lost.
    return sent > 1 && answer === 'finished' && state === 'cancelled' ? 'cancelled' : answer;
  }

  /**
   * What is known of the task now.
   *
   * @throws UNKNOWN_TASK
   */
  async inspect(): Promise<TaskInfo> {
    const reply = await inquire(this.#port, 'taskInfo', (requestId) => ({
      verb: 'inspect',
      requestId,
      taskId: this.id,
    }));
    const { requestId: _requestId, verb: _verb, ...info } = reply;
    return info;
  }

  /**
   * Gives a dead task another chance: a new task does the same work, with its
   * attempts counted anew. This one is removed with it, because an outcome that
   * was seen never changes. Only dead tasks keep the payload that this needs.
   *
   * @throws TASK_NOT_DEAD; UNKNOWN_TASK or RESULT_REMOVED when it is no longer
   *   kept; QUEUE_FULL, UNKNOWN_QUEUE, STORE_FULL; UNKNOWN after ten minutes
   *   without an answer
   */
  async retry(): Promise<TaskHandle<Output>> {
    return new TaskHandle<Output>(await retryTask(this.#port, this.id), this.#port);
  }

  /**
   * Forgets a dead task before its time.
   *
   * @throws TASK_NOT_DEAD; UNKNOWN_TASK or RESULT_REMOVED when it is no longer kept
   */
  drop(): Promise<void> {
    return dropTask(this.#port, this.id);
  }
}
