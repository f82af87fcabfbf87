import type { NewTask } from '../messages/enqueue.ts';
import type { Message } from '../messages/message-table.ts';
import type { Clock } from '../runtime/clock.ts';
import { codeOf, MillraceError, QueueFull } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { unexpectedAnswer } from './expect-verb.ts';
import type { TimedPort } from './inquire.ts';
import type { Asked } from './requests.ts';

/** Time left until `atMs` on the monotonic clock, as a duration that a message can carry. */
export const remainingMs = (clock: Clock, atMs: number): number =>
  Math.min(limits.delayMaxMs, Math.max(0, Math.ceil(atMs - clock.monotonicMs())));

/** An ENQUEUE in flight. Thousands wait at once, so that each is one object and the promise of its caller. */
class Enqueue<T> implements Asked {
  giveUpAtMs: number;
  readonly #clock: Clock;
  readonly #tasks: readonly NewTask[];
  readonly #untilMs: number;
  readonly #answer: T;
  readonly #resolve: (answer: T) => void;
  readonly #reject: (error: MillraceError) => void;

  constructor(
    clock: Clock,
    tasks: readonly NewTask[],
    timeoutMs: number,
    answer: T,
    resolve: (answer: T) => void,
    reject: (error: MillraceError) => void,
  ) {
    const nowMs = clock.monotonicMs();
    this.giveUpAtMs = nowMs + limits.resendMaxMs;
    this.#clock = clock;
    this.#tasks = tasks;
    this.#untilMs = nowMs + timeoutMs;
    this.#answer = answer;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  build(requestId: number): Message {
    const waitMs = remainingMs(this.#clock, this.#untilMs);
    return { verb: 'enqueue', requestId, waitMs, tasks: this.#tasks, awaitMs: undefined };
  }

  /** PARKED is a sign of the manager, so the time to give up starts again. */
  parked(): void {
    this.giveUpAtMs = this.#clock.monotonicMs() + limits.resendMaxMs;
  }

  giveUp(): MillraceError {
    const [task] = this.#tasks;
    const what = `${this.#tasks.length} of task '${task?.name}' for queue '${task?.queue}'`;
    return new MillraceError(
      'UNKNOWN',
      `no answer within ${limits.resendMaxMs} ms to the enqueue of ${what}: it may or may not be queued`,
    );
  }

  answered(reply: Message): void {
    if (reply.verb === 'enqueued') {
      this.#resolve(this.#answer);
    } else {
      this.#reject(unexpectedAnswer(reply));
    }
  }

  failed(error: MillraceError): void {
    this.#reject(codeOf(error) === 'QUEUE_FULL' ? new QueueFull(error.message) : error);
  }
}

/** Sends an ENQUEUE until it is answered, at most for `resendMaxMs`; resolves with `answer` when its tasks are on disk. */
export const sendEnqueue = <T>(
  port: TimedPort,
  tasks: readonly NewTask[],
  timeoutMs: number,
  answer: T,
): Promise<T> =>
  new Promise((resolve, reject) => {
    port.ask(new Enqueue(port.clock, tasks, timeoutMs, answer, resolve, reject));
  });
