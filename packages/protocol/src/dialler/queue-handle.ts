import { decodePayload, encodePayload } from '../bytes/payload.ts';
import type { MessageNamed } from '../messages/message-table.ts';
import { checkName, checkTaskOptions, checkTimeout } from '../words/definition.ts';
import { MillraceError, QueueEmpty } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { ITEM_NAME, type Token } from '../words/task.ts';
import { expectVerb } from './expect-verb.ts';
import type { Holdings } from './holdings.ts';
import { type AskPort, inquire, type TimedPort } from './inquire.ts';
import { promiseOf } from './requests.ts';
import { remainingMs, sendEnqueue } from './send-enqueue.ts';

/** The part of a peer that a queue handle uses. */
export interface QueuePort extends TimedPort {
  newTaskId(): string;
  payloadMaxBytes(): number;
  /** Why requests are refused; undefined while they are taken. */
  refusal(): MillraceError | undefined;
  /** The items held by the peer; RESUME presents them. */
  readonly holdings: Holdings;
}

export interface WaitOptions {
  /**
   * How long to wait: for an item, or for room. Default: without limit. Without a manager
   * to reach, a `put` is sent again for ten minutes, whatever this value.
   */
  readonly timeoutMs?: number;
}

export interface PutOptions extends WaitOptions {
  /** Integer −128…127, higher first. Default 0. */
  readonly priority?: number;
  /** Wait before the item can be taken. Default 0. */
  readonly delayMs?: number;
}

/** An item leased to this peer. It returns to its queue unless it is acknowledged. */
export interface LeasedItem<T> {
  readonly value: T;
  /**
   * Removes the item for good.
   *
   * @throws LEASE_LOST when the item was granted to another peer meanwhile
   */
  ack(): Promise<void>;
  /** Returns the item to its queue; does nothing after `ack`. */
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ItemCounts {
  readonly ready: number;
  readonly scheduled: number;
  readonly leased: number;
  readonly bytes: number;
}

/** A named queue of items: `put` adds an item, `get` takes one, `lease` takes one that can be returned. */
export class QueueHandle<T = unknown> {
  readonly name: string;
  readonly #port: QueuePort;

  constructor(name: string, port: QueuePort) {
    this.name = checkName('queue', name);
    this.#port = port;
  }

  /**
   * Adds an item; resolves when it is on disk.
   *
   * @throws QUEUE_FULL after the timeout, UNKNOWN_QUEUE, BAD_OPTION, PAYLOAD_INVALID,
   *   PAYLOAD_TOO_LARGE, STORE_FULL, UNKNOWN
   */
  async put(value: T, options: PutOptions = {}): Promise<void> {
    const { timeoutMs = Number.POSITIVE_INFINITY, ...taskOptions } = options;
    const what = `an item for queue '${this.name}'`;
    const { delayMs = 0, priority = 0 } = checkTaskOptions(taskOptions, what);
    checkTimeout(timeoutMs, what);
    const item = {
      taskId: this.#port.newTaskId(),
      queue: this.name,
      name: ITEM_NAME,
      payload: encodePayload(value, what, this.#port.payloadMaxBytes()),
      priority,
      delayMs,
      deadlineMs: null,
      attempts: limits.attempts,
      expiresInMs: undefined,
    };
    await sendEnqueue(this.#port, [item], timeoutMs, undefined);
  }

  /**
   * Takes an item. A receipt removes the item from the queue; it leaves this process only
   * after the code behind `await get()` has had its turn, so that a process that dies
   * earlier does not lose the item.
   *
   * @throws QUEUE_EMPTY after the timeout, TIMEOUT when no manager answered by then,
   *   UNKNOWN_QUEUE, BAD_OPTION, CLIENT_CLOSED, PAYLOAD_INVALID, and TOO_MANY_REQUESTS
   *   when this process holds as many items as it may
   */
  async get(options: WaitOptions = {}): Promise<T> {
    const { token, value } = await this.#take(options);
    const refusal = this.#port.refusal();
    if (refusal !== undefined) {
      // Without a receipt the item returns to its queue.
      this.#port.holdings.remove(token);
      throw refusal;
    }
    // A refused receipt means that the item was delivered to another peer as well. The
    // manager counts that, and no caller waits to hear it.
    this.#settle(token, 'succeeded').catch(() => {});
    return value;
  }

  /**
   * Takes an item that returns to its queue unless it is acknowledged, also when this
   * process dies.
   *
   * @throws as `get`
   */
  async lease(options: WaitOptions = {}): Promise<LeasedItem<T>> {
    const { token, value } = await this.#take(options);
    let isOpen = true;
    const end = async (kind: 'succeeded' | 'released'): Promise<void> => {
      if (isOpen) {
        isOpen = false;
        await this.#settle(token, kind);
      }
    };
    const release = (): Promise<void> => end('released').catch(() => {});
    return { value, ack: () => end('succeeded'), release, [Symbol.asyncDispose]: release };
  }

  /**
   * Counts the unfinished tasks and items of the queue.
   *
   * @throws UNKNOWN_QUEUE
   */
  async size(): Promise<ItemCounts> {
    const { bytes, leased, ready, scheduled } = await inquire(this.#port, 'sized', (requestId) => ({
      verb: 'size',
      requestId,
      queue: this.name,
    }));
    return { ready, scheduled, leased, bytes };
  }

  /**
   * Pauses the queue: it accepts tasks and items and grants none, also after a restart of
   * the manager. Leases go on, and a `get` waits.
   *
   * @throws UNKNOWN_QUEUE
   */
  pause(): Promise<void> {
    return this.#setPaused(true);
  }

  /**
   * Resumes the queue.
   *
   * @throws UNKNOWN_QUEUE
   */
  resume(): Promise<void> {
    return this.#setPaused(false);
  }

  /**
   * Cancels all tasks and removes all items that are ready or scheduled; answers how many,
   * or a lower number if the connection was lost meanwhile. Leases go on, and tasks that
   * arrive meanwhile stay. The work is done in steps: an error leaves the steps before it
   * done.
   *
   * @throws UNKNOWN_QUEUE
   */
  async purge(): Promise<number> {
    let cancelled = 0;
    let after: string | undefined;
    do {
      const step = await this.#purgeFrom(after);
      cancelled += step.cancelled;
      after = step.next;
    } while (after !== undefined);
    return cancelled;
  }

  async #setPaused(isPaused: boolean): Promise<void> {
    await inquire(this.#port, 'paused', (requestId) => ({
      verb: 'pause',
      requestId,
      queue: this.name,
      isPaused,
    }));
  }

  #purgeFrom(after: string | undefined): Promise<MessageNamed<'purged'>> {
    return inquire(this.#port, 'purged', (requestId) => ({
      verb: 'purge',
      requestId,
      queue: this.name,
      after,
    }));
  }

  /** Takes an item and decodes it; its token is held from now on. */
  async #take(options: WaitOptions): Promise<{ readonly token: Token; readonly value: T }> {
    const { payload, token } = await this.#port.holdings.during(() => this.#hold(options));
    try {
      const value = decodePayload(payload, `an item of queue '${this.name}'`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of a queue's items is its users' agreement
      return { token, value: value as T };
    } catch (error) {
      this.#settle(token, 'released').catch(() => {});
      throw error;
    }
  }

  async #hold(
    options: WaitOptions,
  ): Promise<{ readonly token: Token; readonly payload: Uint8Array }> {
    const { epoch, grant, payload, taskId } = await this.#await(options);
    const token: Token = { taskId, epoch, grant };
    this.#port.holdings.add(token);
    return { payload, token };
  }

  /** Waits slice after slice until an item comes or the time is up. */
  async #await(options: WaitOptions): Promise<MessageNamed<'item'>> {
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    checkTimeout(timeoutMs, `an item of queue '${this.name}'`);
    const { clock } = this.#port;
    const untilMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      const reply = await promiseOf(
        {
          build: (requestId) => ({
            verb: 'get',
            requestId,
            queue: this.name,
            waitMs: Math.min(limits.waitSliceMs, remainingMs(clock, untilMs)),
          }),
          giveUpAtMs: untilMs,
          giveUp: () =>
            new MillraceError(
              'TIMEOUT',
              `no manager answered within ${timeoutMs} ms whether queue '${this.name}' has an item`,
            ),
        },
        (asked) => this.#port.ask(asked),
      );
      if (reply.verb === 'item') {
        return reply;
      }
      expectVerb(reply, 'empty');
      if (clock.monotonicMs() >= untilMs) {
        throw new QueueEmpty(this.name, timeoutMs);
      }
    }
  }

  async #settle(token: Token, kind: 'succeeded' | 'released'): Promise<void> {
    try {
      const answer = await settleToken(this.#port, token, kind);
      if (answer !== 'accepted' && answer !== 'duplicate') {
        throw new MillraceError(
          'LEASE_LOST',
          `the item of queue '${this.name}' is no longer leased to this process: it was granted again`,
        );
      }
    } finally {
      this.#port.holdings.remove(token);
    }
  }
}

/** Settles one token; sends the report again until it is answered. */
export const settleToken = async (
  port: AskPort,
  token: Token,
  kind: 'succeeded' | 'released',
): Promise<MessageNamed<'settled'>['answers'][number]> => {
  const result = { ...token, kind, result: undefined, error: undefined };
  const reply = await inquire(port, 'settled', (requestId) => ({
    verb: 'settle',
    requestId,
    results: [result],
  }));
  return reply.answers[0] ?? 'UNKNOWN_TASK';
};
