import type { NewTask } from '../messages/enqueue.ts';
import type { Message, MessageNamed } from '../messages/message-table.ts';
import type { Clock } from '../runtime/clock.ts';
import { codeOf, type MillraceError, QueueFull } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { ITEM_NAME } from '../words/task.ts';
import { type Abandonment, changeAbandoned } from './abandonment.ts';
import { unexpectedAnswer } from './expect-verb.ts';
import type { TimedPort } from './inquire.ts';
import type { Asked } from './requests.ts';

/** Time left until `atMs` on the monotonic clock, as a duration that a message can carry. */
export const remainingMs = (clock: Clock, atMs: number): number =>
  Math.min(limits.delayMaxMs, Math.max(0, Math.ceil(atMs - clock.monotonicMs())));

/** Makes the answer of a call, from the list of tasks whose work other tasks do, if there are any. */
export type AnswerOf<T> = (existing: MessageNamed<'enqueued'>['existing']) => T;

/** How long an ENQUEUE waits, and who may end it sooner. */
export interface EnqueueWait {
  /** How long the manager waits for room in a full queue. */
  readonly roomMs: number;
  /** How long the caller waits in all; undefined for as long as the request is sent again. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An ENQUEUE in flight. Thousands wait at once, so that each is one object and the promise of its caller. */
class Enqueue<T> implements Asked {
  giveUpAtMs: number;
  readonly signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #tasks: readonly NewTask[];
  readonly #roomUntilMs: number;
  readonly #untilMs: number;
  readonly #timeoutMs: number;
  readonly #answerOf: AnswerOf<T>;
  readonly #resolve: (answer: T) => void;
  readonly #reject: (error: MillraceError) => void;

  constructor(
    clock: Clock,
    tasks: readonly NewTask[],
    wait: EnqueueWait,
    answerOf: AnswerOf<T>,
    resolve: (answer: T) => void,
    reject: (error: MillraceError) => void,
  ) {
    const nowMs = clock.monotonicMs();
    this.#timeoutMs = wait.timeoutMs ?? Number.POSITIVE_INFINITY;
    this.#untilMs = nowMs + this.#timeoutMs;
    this.giveUpAtMs = Math.min(this.#untilMs, nowMs + limits.resendMaxMs);
    this.signal = wait.signal;
    this.#clock = clock;
    this.#tasks = tasks;
    this.#roomUntilMs = nowMs + wait.roomMs;
    this.#answerOf = answerOf;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  build(requestId: number): Message {
    const waitMs = remainingMs(this.#clock, this.#roomUntilMs);
    return { verb: 'enqueue', requestId, waitMs, tasks: this.#tasks, awaitMs: undefined };
  }

  /** PARKED is a sign of the manager, so the time to give up starts again. */
  parked(): void {
    this.giveUpAtMs = Math.min(this.#untilMs, this.#clock.monotonicMs() + limits.resendMaxMs);
  }

  giveUp(end: Abandonment): MillraceError {
    const what = this.#described();
    const timeoutMs = Math.min(this.#timeoutMs, limits.resendMaxMs);
    return changeAbandoned(end, what, timeoutMs, 'it may or may not be queued');
  }

  #described(): string {
    const [task] = this.#tasks;
    const count = this.#tasks.length;
    if (task?.name === ITEM_NAME) {
      const items = count === 1 ? 'an item' : `${count} items`;
      return `the put of ${items} into queue '${task.queue}'`;
    }
    const what = count === 1 ? `task '${task?.name}'` : `${count} tasks '${task?.name}'`;
    return `the enqueue of ${what} into queue '${task?.queue}'`;
  }

  answered(reply: Message): void {
    if (reply.verb === 'enqueued') {
      this.#resolve(this.#answerOf(reply.existing));
    } else {
      this.#reject(unexpectedAnswer(reply));
    }
  }

  failed(error: MillraceError): void {
    this.#reject(codeOf(error) === 'QUEUE_FULL' ? new QueueFull(error.message) : error);
  }
}

/**
 * Sends an ENQUEUE until it is answered, at most for `resendMaxMs`. When all tasks are on disk, it
 * resolves with the result of `answerOf`, which gets the tasks whose work other tasks do.
 *
 * @throws NOT_SENT or UNKNOWN without an answer in time
 */
export const sendEnqueue = <T>(
  port: TimedPort,
  tasks: readonly NewTask[],
  wait: EnqueueWait,
  answerOf: AnswerOf<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    port.ask(new Enqueue(port.clock, tasks, wait, answerOf, resolve, reject));
  });
