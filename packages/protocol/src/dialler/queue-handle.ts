import { decodePayload, encodePayload } from '../bytes/payload.ts';
import type { MessageNamed } from '../messages/message-table.ts';
import { checkName } from '../words/definition.ts';
import { codeOf, MillraceError, QueueEmpty } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { ITEM_NAME, type Token } from '../words/task.ts';
import { checkTaskOptions } from '../words/task-options.ts';
import {
  type CallOptions,
  callOptions,
  changeAbandoned,
  checkCall,
  readAbandoned,
} from './abandonment.ts';
import { expectVerb } from './expect-verb.ts';
import type { Holdings } from './holdings.ts';
import { inquire, type TimedPort } from './inquire.ts';
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

export interface WaitOptions extends CallOptions {
  /**
   * How long to wait: for an item, or for room. Default: without limit, and without a
   * manager to reach ten minutes for a `put`.
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
   * @throws LEASE_LOST when the item was granted to another peer meanwhile; NOT_SENT or
   *   UNKNOWN without an answer in time: the item stays leased, and `ack` can be called again
   */
  ack(options?: CallOptions): Promise<void>;
  /** Returns the item to its queue; does nothing after `ack`. */
  release(options?: CallOptions): Promise<void>;
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
   *   PAYLOAD_TOO_LARGE, STORE_FULL; NOT_SENT or UNKNOWN without an answer in time
   */
  async put(value: T, options: PutOptions = {}): Promise<void> {
    const what = `an item for queue '${this.name}'`;
    checkCall(options, what);
    const { signal, timeoutMs, ...taskOptions } = options;
    const { delayMs = 0, priority = 0 } = checkTaskOptions(taskOptions, what);
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
    const wait = { roomMs: timeoutMs ?? Number.POSITIVE_INFINITY, timeoutMs, signal };
    await sendEnqueue(this.#port, [item], wait, () => undefined);
  }

  /**
   * Takes an item. A receipt removes the item from the queue; it leaves this process only
   * after the code behind `await get()` has had its turn, so that a process that dies
   * earlier does not lose the item.
   *
   * @throws QUEUE_EMPTY after the timeout, TIMEOUT when no manager answered by then,
   *   ABORTED, UNKNOWN_QUEUE, BAD_OPTION, CLIENT_CLOSED, PAYLOAD_INVALID, and TOO_MANY_REQUESTS
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
    const end = async (kind: 'succeeded' | 'released', call: CallOptions): Promise<void> => {
      if (isOpen) {
        isOpen = false;
        try {
          await this.#settle(token, kind, call);
        } catch (error) {
          isOpen = isUnanswered(error);
          throw error;
        }
      }
    };
    const release = (call: CallOptions = {}): Promise<void> =>
      end('released', call).catch(() => {});
    return {
      value,
      ack: (call = {}) => end('succeeded', call),
      release,
      [Symbol.asyncDispose]: () => release(),
    };
  }

  /**
   * Counts the unfinished tasks and items of the queue.
   *
   * @throws UNKNOWN_QUEUE; TIMEOUT, ABORTED
   */
  async size(options: CallOptions = {}): Promise<ItemCounts> {
    const { bytes, leased, ready, scheduled } = await inquire(
      this.#port,
      'sized',
      {
        build: (requestId) => ({ verb: 'size', requestId, queue: this.name }),
        giveUp: (end, timeoutMs) =>
          readAbandoned(end, `the size of queue '${this.name}'`, timeoutMs),
      },
      options,
    );
    return { ready, scheduled, leased, bytes };
  }

  /**
   * Pauses the queue: it accepts tasks and items and grants none, also after a restart of
   * the manager. Leases go on, and a `get` waits.
   *
   * @throws UNKNOWN_QUEUE; NOT_SENT or UNKNOWN without an answer in time
   */
  pause(options: CallOptions = {}): Promise<void> {
    return this.#setPaused(true, options);
  }

  /**
   * Resumes the queue.
   *
   * @throws as `pause`
   */
  resume(options: CallOptions = {}): Promise<void> {
    return this.#setPaused(false, options);
  }

  /**
   * Cancels all tasks and removes all items that are ready or scheduled; answers how many,
   * or a lower number if the connection was lost meanwhile. Leases go on, and tasks that
   * arrive meanwhile stay. The work is done in steps: an error leaves the steps before it
   * done.
   *
   * @throws UNKNOWN_QUEUE; NOT_SENT if nothing was done, UNKNOWN if steps were done
   */
  async purge(options: CallOptions = {}): Promise<number> {
    checkCall(options, `the purge of queue '${this.name}'`);
    const { clock } = this.#port;
    const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
    const untilMs = clock.monotonicMs() + timeoutMs;
    let cancelled = 0;
    let after: string | undefined;
    do {
      const leftMs = untilMs - clock.monotonicMs();
      const step = await this.#purgeFrom(after, callOptions(signal, leftMs), timeoutMs);
      cancelled += step.cancelled;
      after = step.next;
    } while (after !== undefined);
    return cancelled;
  }

  async #setPaused(isPaused: boolean, options: CallOptions): Promise<void> {
    const what = `to ${isPaused ? 'pause' : 'resume'} queue '${this.name}'`;
    await inquire(
      this.#port,
      'paused',
      {
        build: (requestId) => ({ verb: 'pause', requestId, queue: this.name, isPaused }),
        giveUp: (end, timeoutMs) =>
          changeAbandoned(end, `the request ${what}`, timeoutMs, 'it may or may not have happened'),
      },
      options,
    );
  }

  /** @param timeoutMs what the caller of the purge said, for the error */
  #purgeFrom(
    after: string | undefined,
    options: CallOptions,
    timeoutMs: number,
  ): Promise<MessageNamed<'purged'>> {
    return inquire(
      this.#port,
      'purged',
      {
        build: (requestId) => ({ verb: 'purge', requestId, queue: this.name, after }),
        giveUp: ({ wasSent, ...end }) =>
          changeAbandoned(
            // A later step that was never sent leaves the steps before it done.
            { wasSent: wasSent || after !== undefined, ...end },
            `the purge of queue '${this.name}'`,
            timeoutMs,
            'a part of the queue may be purged',
          ),
      },
      options,
    );
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
    const what = `an item of queue '${this.name}'`;
    checkCall(options, what);
    const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
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
          giveUp: (end) => readAbandoned(end, what, timeoutMs),
          signal,
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

  async #settle(
    token: Token,
    kind: 'succeeded' | 'released',
    options: CallOptions = {},
  ): Promise<void> {
    let isHeld = false;
    try {
      const answer = await settleToken(this.#port, token, kind, options);
      if (answer !== 'accepted' && answer !== 'duplicate') {
        throw new MillraceError(
          'LEASE_LOST',
          `the item of queue '${this.name}' is no longer leased to this process: it was granted again`,
        );
      }
    } catch (error) {
      isHeld = isUnanswered(error);
      throw error;
    } finally {
      if (!isHeld) {
        this.#port.holdings.remove(token);
      }
    }
  }
}

/** Whether the caller stopped waiting: then the item may still be leased to this peer. */
const isUnanswered = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === 'NOT_SENT' || code === 'UNKNOWN' || code === 'BAD_OPTION';
};

/** Settles one token; sends the report again until it is answered. */
export const settleToken = async (
  port: TimedPort,
  token: Token,
  kind: 'succeeded' | 'released',
  options: CallOptions = {},
): Promise<MessageNamed<'settled'>['answers'][number]> => {
  const result = { ...token, kind, result: undefined, error: undefined };
  const act = kind === 'succeeded' ? 'acknowledgement' : 'release';
  const reply = await inquire(
    port,
    'settled',
    {
      build: (requestId) => ({ verb: 'settle', requestId, results: [result] }),
      giveUp: (end, timeoutMs) =>
        changeAbandoned(
          end,
          `the ${act} of item ${token.taskId}`,
          timeoutMs,
          'it may or may not count',
        ),
    },
    options,
  );
  return reply.answers[0] ?? 'UNKNOWN_TASK';
};
