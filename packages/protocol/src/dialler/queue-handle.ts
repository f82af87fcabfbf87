import { encodePayload } from '../bytes/payload.ts';
import type { MessageNamed } from '../messages/message-table.ts';
import { checkName } from '../words/definition.ts';
import { MillraceError } from '../words/errors.ts';
import { checkList, checkOptions, shown } from '../words/given.ts';
import { limits } from '../words/limits.ts';
import { ITEM_NAME } from '../words/task.ts';
import { checkTaskOptions } from '../words/task-options.ts';
import {
  type CallOptions,
  callOptions,
  changeAbandoned,
  checkCall,
  readAbandoned,
} from './abandonment.ts';
import { inquire } from './inquire.ts';
import { joinQueue } from './join-queue.ts';
import { type LeasedItem, type Leases, leasedItem } from './leased-item.ts';
import { sendEnqueue } from './send-enqueue.ts';
import { settleItems, type Taken, type TakingPort, takeItems } from './take-items.ts';

/** The part of a peer that a queue handle uses. */
export interface QueuePort extends TakingPort {
  newTaskId(): string;
  payloadMaxBytes(): number;
  messageMaxBytes(): number;
  /** Why requests are refused; undefined while they are taken. */
  refusal(): MillraceError | undefined;
  /** The items that callers of `lease` hold. */
  readonly leases: Leases;
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
  put(value: T, options: PutOptions = {}): Promise<void> {
    return this.#put([value], options);
  }

  /**
   * Adds an item if the queue has room now.
   *
   * @throws as `put`; QUEUE_FULL at once
   */
  async putNowait(value: T, options: Omit<PutOptions, 'timeoutMs'> = {}): Promise<void> {
    checkOptions(options, `an item for queue '${this.name}'`);
    await this.#put([value], { ...options, timeoutMs: 0 });
  }

  /**
   * Adds items in their order, all or none; resolves when they are on disk. One call takes 10,000
   * items at most.
   *
   * @throws as `put`
   */
  async putMany(values: readonly T[], options: PutOptions = {}): Promise<void> {
    checkList(values, `the items for queue '${this.name}'`);
    await this.#put(values, options);
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
    const [taken] = await this.#received(1, options);
    return this.#valueOf(given(taken));
  }

  /**
   * Takes an item if there is one now.
   *
   * @throws as `get`; QUEUE_EMPTY at once
   */
  async getNowait(options: Omit<WaitOptions, 'timeoutMs'> = {}): Promise<T> {
    checkOptions(options, `an item of queue '${this.name}'`);
    return this.get({ ...options, timeoutMs: 0 });
  }

  /**
   * Takes as many items as there are, up to `max`, and waits for the first of them. It may take
   * fewer when they are large. Each item is received as by `get`.
   *
   * @param max 1 to 1,000
   * @throws as `get`
   */
  async getMany(max: number, options: WaitOptions = {}): Promise<T[]> {
    if (!Number.isSafeInteger(max) || max < 1 || max > limits.itemsPerGetMax) {
      throw new MillraceError(
        'BAD_OPTION',
        `the items to take from queue '${this.name}' are 1 to ${limits.itemsPerGetMax}, not ${shown(max)}`,
      );
    }
    const most = Math.max(1, Math.min(max, this.#port.holdings.room));
    return (await this.#received(most, options)).map((taken) => this.#valueOf(taken));
  }

  /**
   * Takes an item that returns to its queue unless it is acknowledged, also when this
   * process dies.
   *
   * @throws as `get`
   */
  async lease(options: WaitOptions = {}): Promise<LeasedItem<T>> {
    const [taken] = await takeItems(this.#port, this.name, 1, options);
    return leasedItem<T>(this.#port, this.#port.leases, this.name, given(taken));
  }

  /**
   * Says that a leased item is done: acknowledges it, as its own `ack` does. Without an item it
   * means the only one of this queue that this client has leased. An item that `get` took is done
   * already.
   *
   * @throws NOT_LEASED when there is no such item, or several and none is given; and as `ack`
   */
  async taskDone(item?: LeasedItem<T>, options: CallOptions = {}): Promise<void> {
    await this.#port.leases.meant(this.name, item).ack(options);
  }

  /**
   * Waits until everything that was put into the queue is done: until it has no unfinished item or
   * task, whoever put and takes them.
   *
   * @throws TIMEOUT, ABORTED, UNKNOWN_QUEUE, BAD_OPTION, TOO_MANY_REQUESTS, CLIENT_CLOSED
   */
  join(options: WaitOptions = {}): Promise<void> {
    return joinQueue(this.#port, this.name, options);
  }

  /**
   * Whether nothing can be taken now. Another client may put or take in the next moment.
   *
   * @throws as `size`
   */
  async empty(options: CallOptions = {}): Promise<boolean> {
    return (await this.#sized(options)).ready === 0;
  }

  /**
   * Whether the queue has no room now, of items or of bytes.
   *
   * @throws as `size`
   */
  async full(options: CallOptions = {}): Promise<boolean> {
    const { freeBytes, freeItems } = await this.#sized(options);
    return freeItems === 0 || freeBytes === 0;
  }

  /**
   * Counts the unfinished tasks and items of the queue.
   *
   * @throws UNKNOWN_QUEUE; TIMEOUT, ABORTED
   */
  async size(options: CallOptions = {}): Promise<ItemCounts> {
    const { bytes, leased, ready, scheduled } = await this.#sized(options);
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

  #sized(options: CallOptions): Promise<MessageNamed<'sized'>> {
    return inquire(
      this.#port,
      'sized',
      {
        build: (requestId) => ({ verb: 'size', requestId, queue: this.name }),
        giveUp: (end, timeoutMs) =>
          readAbandoned(end, `the size of queue '${this.name}'`, timeoutMs),
      },
      options,
    );
  }

  async #put(values: readonly T[], options: PutOptions): Promise<void> {
    const what = `${values.length === 1 ? 'an item' : 'the items'} for queue '${this.name}'`;
    checkCall(options, what);
    const { signal, timeoutMs, ...taskOptions } = options;
    const { delayMs = 0, priority = 0 } = checkTaskOptions(taskOptions, what);
    const items = values.map((value) => ({
      taskId: this.#port.newTaskId(),
      queue: this.name,
      name: ITEM_NAME,
      payload: encodePayload(value, what, this.#port.payloadMaxBytes()),
      priority,
      delayMs,
      deadlineMs: null,
      attempts: limits.attempts,
      expiresInMs: undefined,
    }));
    if (items.length === 0) {
      return;
    }
    this.#checkBatch(items);
    const wait = { roomMs: timeoutMs ?? Number.POSITIVE_INFINITY, timeoutMs, signal };
    await sendEnqueue(this.#port, items, wait, () => undefined);
  }

  /** @throws PAYLOAD_TOO_LARGE for more than one message may carry */
  #checkBatch(items: readonly { readonly payload: Uint8Array }[]): void {
    const maxBytes = this.#port.messageMaxBytes();
    const bytes = items.reduce(
      (sum, { payload }) => sum + payload.length + limits.taskFieldsMaxBytes,
      0,
    );
    if (items.length > 1 && (items.length > limits.listMaxItems || bytes > maxBytes)) {
      throw new MillraceError(
        'PAYLOAD_TOO_LARGE',
        `one call takes at most ${limits.listMaxItems} items and ${maxBytes} bytes, this one has ${items.length} with ${bytes} bytes for queue '${this.name}': put them in several calls`,
      );
    }
  }

  #valueOf({ value }: Taken): T {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of a queue's items is its users' agreement
    return value as T;
  }

  /** Takes items, and sends their receipt. */
  async #received(max: number, options: WaitOptions): Promise<readonly Taken[]> {
    const taken = await takeItems(this.#port, this.name, max, options);
    const tokens = taken.map(({ token }) => token);
    const refusal = this.#port.refusal();
    if (refusal !== undefined) {
      // Without a receipt the items return to their queue.
      tokens.forEach((token) => this.#port.holdings.remove(token));
      throw refusal;
    }
    // A refused receipt means that the item was delivered to another peer as well. The
    // manager counts that, and no caller waits to hear it.
    settleItems(this.#port, this.name, tokens, 'succeeded').catch(() => {});
    return taken;
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
}

const given = (taken: Taken | undefined): Taken => {
  if (taken === undefined) {
    throw new MillraceError('INTERNAL', 'a GET was answered without an item');
  }
  return taken;
};
