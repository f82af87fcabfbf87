import {
  type Asked,
  checkTimeout,
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

export interface ResultOptions {
  /** How long to wait. Default: without limit. */
  readonly timeoutMs?: number;
}

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
  readonly #taskId: string;
  readonly #port: TimedPort;
  readonly #timeoutMs: number;
  readonly #resolve: (output: Output) => void;
  readonly #reject: (error: MillraceError) => void;

  constructor(
    taskId: string,
    port: TimedPort,
    timeoutMs: number,
    untilMs: number,
    resolve: (output: Output) => void,
    reject: (error: MillraceError) => void,
  ) {
    this.giveUpAtMs = untilMs;
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

  giveUp(): MillraceError {
    return new MillraceError(
      'TIMEOUT',
      `task ${this.#taskId} did not end within ${this.#timeoutMs} ms; it goes on`,
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
      this.#reject(this.giveUp());
    } else {
      this.#port.ask(this);
    }
  }
}

/** Waits for the result of a task. */
export const awaitOutcome = <Output>(
  port: TimedPort,
  taskId: string,
  { timeoutMs = Number.POSITIVE_INFINITY }: ResultOptions,
): Promise<Output> => {
  const untilMs = port.clock.monotonicMs() + timeoutMs;
  return new Promise((resolve, reject) => {
    checkTimeout(timeoutMs, `the result of task ${taskId}`);
    port.ask(new AwaitOutcome(taskId, port, timeoutMs, untilMs, resolve, reject));
  });
};
