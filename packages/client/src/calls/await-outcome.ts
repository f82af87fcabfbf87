import {
  type Abandonment,
  type Asked,
  CallAborted,
  type CallOptions,
  checkCall,
  decodePayload,
  expectVerb,
  limits,
  type Message,
  type MessageNamed,
  MillraceError,
  messageOf,
  type Outcome,
  outcomes,
  remainingMs,
  type TaskState,
  type TimedPort,
} from '@millrace/protocol';
import { TaskFailed } from './task-failed.ts';

/** How long to wait for a result. A task goes on when its caller stops waiting. */
export type ResultOptions = CallOptions;

const isOutcome = (state: TaskState): state is Outcome =>
  (outcomes as readonly string[]).includes(state);

/** @throws TaskFailed, PAYLOAD_INVALID */
const outputOf = (
  taskId: string,
  outcome: Outcome,
  { error, result }: MessageNamed<'outcome'>,
): unknown => {
  if (outcome !== 'succeeded') {
    throw new TaskFailed(taskId, outcome, error);
  }
  return result === undefined ? undefined : decodePayload(result, `the result of task ${taskId}`);
};

const asMillraceError = (error: unknown): MillraceError =>
  error instanceof MillraceError ? error : new MillraceError('INTERNAL', messageOf(error));

/**
 * An AWAIT_OUTCOME, sent again slice by slice. Thousands wait at once, so that each is
 * one object and the promise of its caller.
 */
export class AwaitOutcome<Output> implements Asked {
  readonly giveUpAtMs: number;
  readonly signal: AbortSignal | undefined;
  readonly #taskId: string;
  readonly #port: TimedPort;
  readonly #timeoutMs: number;
  readonly #resolve: (output: Output) => void;
  readonly #reject: (error: MillraceError) => void;

  constructor(
    taskId: string,
    port: TimedPort,
    { signal, timeoutMs = Number.POSITIVE_INFINITY }: ResultOptions,
    untilMs: number,
    resolve: (output: Output) => void,
    reject: (error: MillraceError) => void,
  ) {
    this.giveUpAtMs = untilMs;
    this.signal = signal;
    this.#taskId = taskId;
    this.#port = port;
    this.#timeoutMs = timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  build(requestId: number): Message {
    const leftMs = remainingMs(this.#port.clock, this.giveUpAtMs);
    const waitMs = Math.min(limits.waitSliceMs, leftMs);
    return { verb: 'awaitOutcome', requestId, taskId: this.#taskId, waitMs };
  }

  giveUp({ cause, isAborted }: Abandonment): MillraceError {
    if (isAborted) {
      const message = `the wait for the result of task ${this.#taskId} was aborted; the task goes on`;
      return new CallAborted('ABORTED', message, cause);
    }
    const message = `task ${this.#taskId} did not end within ${Math.round(this.#timeoutMs)} ms; it goes on`;
    return cause === undefined
      ? new MillraceError('TIMEOUT', message)
      : new MillraceError(
          'TIMEOUT',
          `no manager was connected to say within ${Math.round(this.#timeoutMs)} ms how task ${this.#taskId} ended: ${messageOf(cause)}`,
          { cause },
        );
  }

  answered(reply: Message): void {
    try {
      this.#take(expectVerb(reply, 'outcome'));
    } catch (error) {
      this.failed(asMillraceError(error));
    }
  }

  failed(error: MillraceError): void {
    this.#reject(error);
  }

  #take(reply: MessageNamed<'outcome'>): void {
    if (isOutcome(reply.state)) {
      const output = outputOf(this.#taskId, reply.state, reply);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the worker checked it against the task's schema
      this.#resolve(output as Output);
    } else if (this.#port.clock.monotonicMs() >= this.giveUpAtMs) {
      this.#reject(this.giveUp({ wasSent: true, isAborted: false, cause: undefined }));
    } else {
      this.#port.ask(this);
    }
  }
}

/** Waits for the result of a task. */
export const awaitOutcome = <Output>(
  port: TimedPort,
  taskId: string,
  options: ResultOptions,
): Promise<Output> => {
  return new Promise((resolve, reject) => {
    checkCall(options, `the result of task ${taskId}`);
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    const untilMs = port.clock.monotonicMs() + timeoutMs;
    port.ask(new AwaitOutcome(taskId, port, options, untilMs, resolve, reject));
  });
};
