import {
  clip,
  limits,
  type Message,
  type MessageNamed,
  MillraceError,
  promiseOf,
  type Request,
} from '@millrace/protocol';
import { AwaitOutcome, type TaskPort } from './await-outcome.ts';
import { expectVerb } from './expect-verb.ts';

export interface ResultOptions {
  /** How long to wait. Default: without limit. */
  readonly timeoutMs?: number;
}

export type CancelAnswer = MessageNamed<'cancelled'>['answer'];

export type TaskInfo = Omit<MessageNamed<'taskInfo'>, 'verb' | 'requestId'>;

/** One task, by its id. */
export class TaskHandle<Output = unknown> {
  readonly id: string;
  readonly #port: TaskPort;

  constructor(id: string, port: TaskPort) {
    this.id = id;
    this.#port = port;
  }

  /**
   * Waits for the result.
   *
   * @throws TASK_DEAD, TASK_CANCELLED or TASK_EXPIRED with what is known of the
   *   cause; TIMEOUT while the task goes on; UNKNOWN_TASK, RESULT_REMOVED
   */
  result(options: ResultOptions = {}): Promise<Output> {
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    const port = this.#port;
    const untilMs = port.clock.monotonicMs() + timeoutMs;
    return new Promise((resolve, reject) => {
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
    const reply = await this.#inquire((requestId) => ({
      verb: 'cancel',
      requestId,
      taskId: this.id,
      reason: clip(reason, limits.reasonMaxBytes),
    }));
    return expectVerb(reply, 'cancelled').answer;
  }

  /** @throws UNKNOWN_TASK */
  async inspect(): Promise<TaskInfo> {
    const reply = await this.#inquire((requestId) => ({
      verb: 'inspect',
      requestId,
      taskId: this.id,
    }));
    const { requestId: _requestId, verb: _verb, ...info } = expectVerb(reply, 'taskInfo');
    return info;
  }

  #inquire(build: Request['build']): Promise<Message> {
    return promiseOf(
      {
        build,
        giveUpAtMs: Number.POSITIVE_INFINITY,
        giveUp: () => new MillraceError('TIMEOUT', 'no answer'),
      },
      (asked) => this.#port.ask(asked),
    );
  }
}
