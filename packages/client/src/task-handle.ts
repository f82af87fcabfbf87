import {
  type Clock,
  clip,
  decodePayload,
  limits,
  type Message,
  type MessageNamed,
  MillraceError,
  type Outcome,
  outcomes,
  type Request,
  type TaskError,
  type TaskState,
  type VerbName,
} from '@millrace/protocol';

/** A task that ended without a result; `cause` holds the remote error, as plain data. */
export class TaskFailed extends MillraceError {
  readonly taskId: string;
  readonly remote: TaskError | undefined;

  constructor(
    taskId: string,
    outcome: Exclude<Outcome, 'succeeded'>,
    remote: TaskError | undefined,
  ) {
    const code = (
      { dead: 'TASK_DEAD', cancelled: 'TASK_CANCELLED', expired: 'TASK_EXPIRED' } as const
    )[outcome];
    const because = remote === undefined ? '' : `: ${remote.name}: ${remote.message}`;
    super(code, `task ${taskId} is ${outcome}${because}`);
    this.name = 'TaskFailed';
    this.taskId = taskId;
    this.remote = remote;
  }
}

export interface ResultOptions {
  /** How long to wait. Default: without limit. */
  readonly timeoutMs?: number;
}

export type CancelAnswer = MessageNamed<'cancelled'>['answer'];

export type TaskInfo = Omit<MessageNamed<'taskInfo'>, 'verb' | 'requestId'>;

const isOutcome = (state: TaskState): state is Outcome =>
  (outcomes as readonly string[]).includes(state);

const remainingMs = (clock: Clock, atMs: number): number => Math.max(0, atMs - clock.monotonicMs());

/** One task, by its id. */
export class TaskHandle<Output = unknown> {
  readonly id: string;
  readonly #clock: Clock;
  readonly #request: (request: Request) => Promise<Message>;

  constructor(id: string, clock: Clock, request: (request: Request) => Promise<Message>) {
    this.id = id;
    this.#clock = clock;
    this.#request = request;
  }

  /**
   * Waits for the result.
   *
   * @throws TASK_DEAD, TASK_CANCELLED or TASK_EXPIRED with what is known of the
   *   cause; TIMEOUT while the task goes on; UNKNOWN_TASK, RESULT_REMOVED
   */
  async result(options: ResultOptions = {}): Promise<Output> {
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    const untilMs = this.#clock.monotonicMs() + timeoutMs;
    for (;;) {
      const reply = await this.#awaitSlice(untilMs, timeoutMs);
      if (isOutcome(reply.state)) {
        return this.#unwrap(reply.state, reply);
      }
      if (this.#clock.monotonicMs() >= untilMs) {
        throw this.#timeout(timeoutMs);
      }
    }
  }

  /**
   * Cancels the task. A running one is asked to stop: `requested`. One that has
   * ended keeps its outcome: `finished`.
   *
   * @throws UNKNOWN_TASK
   */
  async cancel(reason = 'cancelled by its producer'): Promise<CancelAnswer> {
    const reply = await this.#ask((requestId) => ({
      verb: 'cancel',
      requestId,
      taskId: this.id,
      reason: clip(reason, limits.reasonMaxBytes),
    }));
    return expectVerb(reply, 'cancelled').answer;
  }

  /** @throws UNKNOWN_TASK */
  async inspect(): Promise<TaskInfo> {
    const reply = await this.#ask((requestId) => ({ verb: 'inspect', requestId, taskId: this.id }));
    const { requestId: _requestId, verb: _verb, ...info } = expectVerb(reply, 'taskInfo');
    return info;
  }

  async #awaitSlice(untilMs: number, timeoutMs: number): Promise<MessageNamed<'outcome'>> {
    const reply = await this.#request({
      build: (requestId) => ({
        verb: 'awaitOutcome',
        requestId,
        taskId: this.id,
        waitMs: Math.ceil(Math.min(limits.waitSliceMs, remainingMs(this.#clock, untilMs))),
      }),
      giveUpAtMs: untilMs,
      giveUp: () => this.#timeout(timeoutMs),
    });
    return expectVerb(reply, 'outcome');
  }

  #unwrap(outcome: Outcome, reply: MessageNamed<'outcome'>): Output {
    if (outcome !== 'succeeded') {
      throw new TaskFailed(this.id, outcome, reply.error);
    }
    const what = `the result of task ${this.id}`;
    const value = reply.result === undefined ? undefined : decodePayload(reply.result, what);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the worker checked it against the task's schema
    return value as Output;
  }

  #timeout(timeoutMs: number): MillraceError {
    return new MillraceError(
      'TIMEOUT',
      `task ${this.id} did not end within ${timeoutMs} ms; it goes on`,
    );
  }

  #ask(build: Request['build']): Promise<Message> {
    return this.#request({
      build,
      giveUpAtMs: Number.POSITIVE_INFINITY,
      giveUp: () => new MillraceError('TIMEOUT', 'no answer'),
    });
  }
}

const isNamed = <N extends VerbName>(message: Message, verb: N): message is MessageNamed<N> =>
  message.verb === verb;

const expectVerb = <N extends VerbName>(message: Message, verb: N): MessageNamed<N> => {
  if (!isNamed(message, verb)) {
    throw new MillraceError('INTERNAL', `unexpected answer ${message.verb}`);
  }
  return message;
};
