import type { Client, TaskHandle } from '@millrace/client';
import { codeOf, messageOf } from '@millrace/protocol';
import type { Random } from '../../support/random.ts';
import type { Ledger, TaskKind } from './ledger.ts';
import { type Echo, echoTask, holdTask, ITEMS_QUEUE, type Order, refuseTask } from './tasks.ts';

/** Calls in flight: enough to fill batches, few enough to need many batches. */
const CALLS_IN_FLIGHT = 4;
const HOUR_MS = 3_600_000;
const TAKE_WAIT_MS = 250;
const BATCH_MAX = 40;
const ITEMS_MAX = 10;
const SHORT_MAX_CHARS = 300;
/** Longer than a page of the store, and sometimes than a frame. */
const LONG_MAX_CHARS = 80_000;
const LONG_SHARE = 0.06;

const callNames = [
  'echo',
  'batch',
  'refuse',
  'cancelScheduled',
  'cancelRunning',
  'putMany',
  'take',
  'get',
] as const;
type CallName = (typeof callNames)[number];

/** Makes calls of every kind and records each in the ledger when it is acknowledged. */
export class Load {
  readonly #client: Client;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #calls = new Map<Promise<void>, string>();
  #count = 0;

  constructor(client: Client, ledger: Ledger, random: Random) {
    this.#client = client;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Makes calls until `over` resolves. Calls that are unanswered then go on. */
  async run(over: Promise<unknown>): Promise<void> {
    const state = { isOver: false };
    const ended = over.then(() => {
      state.isOver = true;
    });
    const callUntilOver = async (): Promise<void> => {
      while (!state.isOver) {
        await Promise.race([this.#call(), ended]);
      }
    };
    await Promise.all(Array.from({ length: CALLS_IN_FLIGHT }, callUntilOver));
  }

  /** Resolves when every call has been answered. */
  async answered(): Promise<void> {
    await Promise.all(this.#calls.keys());
  }

  /** The names of the calls that have no answer yet. */
  get unanswered(): string[] {
    return [...this.#calls.values()];
  }

  #call(): Promise<void> {
    const name = callNames[this.#random.between(0, callNames.length - 1)] ?? 'echo';
    const call = this.#run(name).finally(() => this.#calls.delete(call));
    this.#calls.set(call, name);
    return call;
  }

  async #run(name: CallName): Promise<void> {
    try {
      await this.#callees[name]();
    } catch (error) {
      const code = codeOf(error);
      // The client is closed at the end of the series.
      if (code !== 'QUEUE_EMPTY' && code !== 'TIMEOUT' && code !== 'CLIENT_CLOSED') {
        this.#ledger.unexpected(`${name} was refused: ${code}: ${messageOf(error)}`);
      }
    }
  }

  readonly #callees: Readonly<Record<CallName, () => Promise<void>>> = {
    echo: () => this.#echo(),
    batch: () => this.#batch(),
    refuse: () => this.#refuse(),
    cancelScheduled: () => this.#cancelScheduled(),
    cancelRunning: () => this.#cancelRunning(),
    putMany: () => this.#putMany(),
    take: () => this.#take(),
    get: () => this.#get(),
  };

  #order(): Order {
    this.#count += 1;
    const isLong = this.#random.next() < LONG_SHARE;
    const chars = this.#random.between(0, isLong ? LONG_MAX_CHARS : SHORT_MAX_CHARS);
    return { n: this.#count, text: `${this.#count} `.repeat(chars).slice(0, chars) };
  }

  #acknowledged(handle: TaskHandle<Echo>, kind: TaskKind, order: Order): TaskHandle<Echo> {
    this.#ledger.enqueued(handle.id, kind, order);
    return handle;
  }

  async #echo(): Promise<void> {
    const order = this.#order();
    const handle = await this.#client.enqueue(echoTask, order);
    this.#acknowledged(handle, 'echo', order);
    if (this.#random.next() < 0.5) {
      this.#ledger.ended(handle.id, JSON.stringify(await handle.result()));
    }
  }

  async #batch(): Promise<void> {
    const orders = Array.from({ length: this.#random.between(2, BATCH_MAX) }, () => this.#order());
    const handles = await this.#client.enqueueMany(echoTask, orders);
    for (const [index, order] of orders.entries()) {
      const handle = handles[index];
      if (handle !== undefined) {
        this.#acknowledged(handle, 'echo', order);
      }
    }
  }

  async #refuse(): Promise<void> {
    const order = this.#order();
    this.#acknowledged(await this.#client.enqueue(refuseTask, order), 'refuse', order);
  }

  async #cancelScheduled(): Promise<void> {
    const order = this.#order();
    const handle = await this.#client.enqueue(echoTask, order, { delayMs: HOUR_MS });
    this.#acknowledged(handle, 'scheduled', order);
    this.#ledger.cancelled(handle.id, await handle.cancel());
  }

  async #cancelRunning(): Promise<void> {
    const order = this.#order();
    const handle = await this.#client.enqueue(holdTask, order);
    this.#acknowledged(handle, 'hold', order);
    this.#ledger.cancelled(handle.id, await handle.cancel());
  }

  async #putMany(): Promise<void> {
    const puts = Array.from({ length: this.#random.between(1, ITEMS_MAX) }, async () => {
      const { n, text } = this.#order();
      const item = `${n} ${text}`;
      this.#ledger.sending(item);
      await this.#client.queue<string>(ITEMS_QUEUE).put(item);
      this.#ledger.put(item);
    });
    await Promise.all(puts);
  }

  async #take(): Promise<void> {
    const queue = this.#client.queue<string>(ITEMS_QUEUE);
    const item = await queue.lease({ timeoutMs: TAKE_WAIT_MS });
    await item.ack();
    this.#ledger.received(item.value);
    this.#ledger.removed(item.value);
  }

  async #get(): Promise<void> {
    const queue = this.#client.queue<string>(ITEMS_QUEUE);
    this.#ledger.received(await queue.get({ timeoutMs: TAKE_WAIT_MS }));
  }
}
