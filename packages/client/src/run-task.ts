import {
  type Asked,
  limits,
  type Message,
  MillraceError,
  type NewTask,
  QueueFull,
  remainingMs,
  type TimedPort,
} from '@millrace/protocol';
import { AwaitOutcome } from './await-outcome.ts';

/** How long to wait for room in a full queue, if nothing else is said. */
export const ENQUEUE_TIMEOUT_MS = 5_000;

/**
 * An ENQUEUE whose answer is the outcome. Before the first answer nobody knows
 * whether it was accepted, and it is sent again as it is; after that only its
 * outcome is asked for.
 */
export class RunTask<Output> implements Asked {
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
    this.#roomUntilMs = nowMs + Math.min(this.#timeoutMs, ENQUEUE_TIMEOUT_MS);
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
