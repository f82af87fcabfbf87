import {
  type AnyTask,
  type Asked,
  limits,
  type Message,
  MillraceError,
  type NewTask,
  QueueFull,
  remainingMs,
  type TaskOptions,
  type TimedPort,
} from '@millrace/protocol';
import { AwaitOutcome } from './await-outcome.ts';
import { checkBatch, newTask, settingsOf, whenChecked } from './new-task.ts';
import type { ProducerPort } from './port.ts';

export interface RunOptions extends TaskOptions {
  /**
   * How long to wait for the result, in all; after that the task goes on without a
   * listener. Default: without limit. The wait for room in a full queue is 5 s at most.
   */
  readonly timeoutMs?: number;
}

/**
 * An ENQUEUE whose answer is the outcome. Until the first answer arrives the task may or
 * may not be accepted, so the ENQUEUE itself is sent again; after it only AWAIT_OUTCOME.
 */
class Run<Output> implements Asked {
  readonly giveUpAtMs: number;
  readonly #port: TimedPort;
  readonly #task: NewTask;
  readonly #roomUntilMs: number;
  readonly #untilMs: number;
  readonly #timeoutMs: number;
  readonly #resolve: (output: Output) => void;
  readonly #reject: (error: MillraceError) => void;

  constructor(
    port: TimedPort,
    task: NewTask,
    timeoutMs: number | undefined,
    resolve: (output: Output) => void,
    reject: (error: MillraceError) => void,
  ) {
    const nowMs = port.clock.monotonicMs();
    this.#port = port;
    this.#task = task;
    this.#timeoutMs = timeoutMs ?? Number.POSITIVE_INFINITY;
    this.#untilMs = nowMs + this.#timeoutMs;
    this.#roomUntilMs = nowMs + Math.min(this.#timeoutMs, limits.enqueueTimeoutMs);
    this.giveUpAtMs = Math.min(this.#untilMs, nowMs + limits.resendMaxMs);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  build(requestId: number): Message {
    const { clock } = this.#port;
    return {
      verb: 'enqueue',
      requestId,
      waitMs: remainingMs(clock, this.#roomUntilMs),
      tasks: [this.#task],
      awaitMs: Math.min(limits.waitSliceMs, remainingMs(clock, this.#untilMs)),
    };
  }

  giveUp(): MillraceError {
    return new MillraceError(
      'UNKNOWN',
      `no answer to task ${this.#task.taskId} within ${Math.min(this.#timeoutMs, limits.resendMaxMs)} ms: it may or may not be queued`,
    );
  }

  answered(reply: Message): void {
    new AwaitOutcome(
      this.#task.taskId,
      this.#port,
      this.#timeoutMs,
      this.#untilMs,
      this.#resolve,
      this.#reject,
    ).answered(reply);
  }

  failed(error: MillraceError): void {
    this.#reject(error.code === 'QUEUE_FULL' ? new QueueFull(error.message) : error);
  }
}

/** Adds a task and waits for its result, in one message each way. */
export const run = <Output>(
  port: ProducerPort,
  task: AnyTask,
  input: unknown,
  options: RunOptions | undefined,
): Promise<Output> =>
  whenChecked(
    task,
    [input],
    () =>
      new Promise((resolve, reject) => {
        const added = newTask(port, task, input, settingsOf(task, options));
        checkBatch(port, task, [added]);
        port.ask(new Run<Output>(port, added, options?.timeoutMs, resolve, reject));
      }),
  );
