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

/** What a queue handle needs of the peer it belongs to. */
export interface QueuePort extends TimedPort {
  newTaskId(): string;
  payloadMaxBytes(): number;
  /** Why nothing can be asked any more; none while it can. */
  refusal(): MillraceError | undefined;
  /** What it holds is presented when the session is taken up again. */
  readonly holdings: Holdings;
}

export interface WaitOptions {
  /**
   * How long to wait: for an item, or for room. Default: without limit. While no manager
   * can be reached a `put` is sent again for ten minutes whatever this says.
   */
  readonly timeoutMs?: number;
}

export interface PutOptions extends WaitOptions {
  /** Integer −128…127, higher first. Default 0. */
  readonly priority?: number;
  /** Wait before the item can be taken. Default 0. */
  readonly delayMs?: number;
}

/** An item that is leased to this peer: it goes back unless it is acknowledged. */
export interface LeasedItem<T> {
  readonly value: T;
  /**
   * Removes the item for good.
   *
   * @throws LEASE_LOST when it has gone to somebody else meanwhile
   */
  ack(): Promise<void>;
  /** Gives the item back; after `ack` does nothing. */
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ItemCounts {
  readonly ready: number;
  readonly scheduled: number;
  readonly leased: number;
  readonly bytes: number;
}

/** A named queue of items: `put` adds, `get` takes, `lease` takes with the choice to give back. */
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
   * Takes an item. It is removed by a receipt that leaves this process only
   * after the code behind `await get()` had its turn: a process that dies before
   * that does not lose the item.
   *
   * @throws QUEUE_EMPTY after the timeout, TIMEOUT when no manager answered by then,
   *   UNKNOWN_QUEUE, BAD_OPTION, CLIENT_CLOSED, PAYLOAD_INVALID, and TOO_MANY_REQUESTS
   *   when this process holds as many items as it may
   */
  async get(options: WaitOptions = {}): Promise<T> {
    const { token, value } = await this.#take(options);
    const refusal = this.#port.refusal();
    if (refusal !== undefined) {
      // Without a receipt the item goes to somebody else.
      this.#port.holdings.remove(token);
      throw refusal;
    }
    // A refused receipt means that the item went to somebody else as well: a
    // redelivery, which the manager counts. There is nobody here to tell.
    this.#settle(token, 'succeeded').catch(() => {});
    return value;
  }

  /**
   * Takes an item that goes back unless it is acknowledged, also when this
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

  /** @throws UNKNOWN_QUEUE */
  async size(): Promise<ItemCounts> {
    const { bytes, leased, ready, scheduled } = await inquire(this.#port, 'sized', (requestId) => ({
      verb: 'size',
      requestId,
      queue: this.name,
    }));
    return { ready, scheduled, leased, bytes };
  }

  /**
   * Deals nothing from it any more, tasks or items; it still accepts. Whoever
   * waits for an item goes on waiting, what is leased goes on, and a restart of
   * the manager changes nothing.
   *
   * @throws UNKNOWN_QUEUE
   */
  pause(): Promise<void> {
    return this.#setPaused(true);
  }

  /**
   * Deals again.
   *
   * @throws UNKNOWN_QUEUE
   */
  resume(): Promise<void> {
    return this.#setPaused(false);
  }

  /**
   * Cancels all tasks and removes all items that wait in it, ready or scheduled;
   * answers how many: at least so many, where the connection was lost meanwhile.
   * What is leased goes on, what arrives meanwhile stays. It goes step by step: one
   * that is broken off has done a part, which stays done.
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

  /** An item, and its token, which is held from now on. */
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

  /** Waits in slices, each re-armed at once, until an item comes or the time is up. */
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
          `the item of queue '${this.name}' is no longer leased to this process: it went to another`,
        );
      }
    } finally {
      this.#port.holdings.remove(token);
    }
  }
}

/** Settles one token, resent until it is answered. */
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
