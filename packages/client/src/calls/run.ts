import {
  type Abandonment,
  type AnyTask,
  type Asked,
  type CallOptions,
  callOptions,
  changeAbandoned,
  limits,
  type Message,
  type MillraceError,
  type NewTask,
  QueueFull,
  remainingMs,
  type TaskOptions,
  type TimedPort,
} from '@millrace/protocol';
import { AwaitOutcome } from './await-outcome.ts';
import { checkBatch, newTask, whenChecked } from './new-task.ts';
import type { ProducerPort } from './port.ts';
import { settingsOf } from './task-settings.ts';

export interface RunOptions extends TaskOptions, CallOptions {
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
  readonly signal: AbortSignal | undefined;
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
    { signal, timeoutMs }: CallOptions,
    resolve: (output: Output) => void,
    reject: (error: MillraceError) => void,
  ) {
    const nowMs = port.clock.monotonicMs();
    this.signal = signal;
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

  giveUp(end: Abandonment): MillraceError {
    const what = `the run of task ${this.#task.taskId}`;
    const timeoutMs = Math.min(this.#timeoutMs, limits.resendMaxMs);
    return changeAbandoned(end, what, timeoutMs, 'it may or may not be queued');
  }

  /** The manager names the task if another does the work. */
  answered(reply: Message): void {
    const other = reply.verb === 'outcome' ? reply.taskId : undefined;
    new AwaitOutcome(
      other ?? this.#task.taskId,
      this.#port,
      callOptions(this.signal, this.#timeoutMs),
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
    port,
    task,
    [input],
    options ?? {},
    (left) =>
      new Promise((resolve, reject) => {
        const added = newTask(port, task, input, settingsOf(task, options));
        checkBatch(port, task, [added]);
        port.ask(new Run<Output>(port, added, left, resolve, reject));
      }),
  );
