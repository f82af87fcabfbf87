import { TaskFailed, type TaskHandle } from '@millrace/client';
import {
  codeOf,
  type ErrorCode,
  type LeasedItem,
  messageOf,
  type Outcome,
} from '@millrace/protocol';
import type { ClientProcess, LiveClient } from './client-process.ts';
import { aboutOf, behaviourOf, optionsOf } from './order-terms.ts';
import type { Order, TaskOrder } from './plan-orders.ts';
import type { Recorder } from './recorder.ts';
import { type Behaviour, runOf, simTaskIn } from './work.ts';
import type { World } from './world.ts';

/** The errors after which the work is certainly not in the store. */
const definite: readonly (ErrorCode | undefined)[] = [
  'QUEUE_FULL',
  'UNKNOWN_QUEUE',
  'PAYLOAD_TOO_LARGE',
  'PAYLOAD_INVALID',
  'TOO_MANY_NAMES',
  'TOO_MANY_REQUESTS',
  'STORE_FULL',
];

/** What the producer knows after this error. A client that lives and has time left tries again after most. */
const submittedAs = (
  code: ErrorCode | undefined,
  isTimeUp: boolean,
  isLeaving: boolean,
): 'fail' | 'info' | 'unanswered' => {
  if (definite.includes(code) || (isTimeUp && code === 'NOT_SENT')) {
    return 'fail';
  }
  return isLeaving || (isTimeUp && code === 'UNKNOWN') ? 'info' : 'unanswered';
};

const outcomeOfCode: Readonly<Record<string, Outcome>> = {
  TASK_DEAD: 'dead',
  TASK_CANCELLED: 'cancelled',
  TASK_EXPIRED: 'expired',
};

const ITEMS = 'sacks';

/**
 * One enqueue of four says how long it waits. The others are sent again until they are
 * answered, which shows that no answer is lost for good.
 */
const isImpatient = ({ atMs }: Order): boolean => Math.floor(atMs) % 4 === 0;

/** Asks for the outcome of a task and records the answer. */
export const readOutcome = async (
  recorder: Recorder,
  reader: string,
  task: string,
  handle: TaskHandle,
  timeoutMs?: number,
): Promise<void> => {
  try {
    const value = runOf(await handle.result(timeoutMs === undefined ? {} : { timeoutMs }));
    recorder.record({ kind: 'visible', task, reader, outcome: 'succeeded', value });
  } catch (error) {
    const outcome = outcomeOfCode[codeOf(error) ?? ''];
    if (error instanceof TaskFailed && outcome !== undefined) {
      recorder.record({ kind: 'visible', task, reader, outcome, value: undefined });
    } else if (codeOf(error) === 'UNKNOWN_TASK') {
      recorder.record({ kind: 'unknown', task, reader });
    }
  }
};

/** An outcome that `run` answered, and the task that it belongs to. */
interface RunEnd {
  readonly outcome: Outcome;
  readonly value: string | undefined;
  readonly task: string;
}

/** The outcome that an error stands for. Other errors are thrown again. */
const failureOf = (recorder: Recorder, error: unknown): RunEnd => {
  const outcome = outcomeOfCode[codeOf(error) ?? ''];
  if (error instanceof TaskFailed && outcome !== undefined) {
    return { outcome, value: undefined, task: recorder.keyOf(error.taskId) };
  }
  throw error;
};

/** Half of the orders that await a result and never cancel use `run`. */
const isRun = ({ atMs, awaitsResult, cancelAfterMs }: TaskOrder & Order): boolean =>
  awaitsResult && cancelAfterMs === undefined && Math.floor(atMs) % 2 === 0;

const acknowledge = async (
  recorder: Recorder,
  reader: string,
  task: string,
  item: LeasedItem<unknown>,
): Promise<void> => {
  recorder.record({ kind: 'acknowledge', task, reader });
  try {
    await item.ack();
    recorder.record({ kind: 'removed', task, reader });
  } catch (error) {
    if (codeOf(error) === 'LEASE_LOST') {
      recorder.record({ kind: 'refused', task, reader });
    }
  }
};

/** The task that does the work of an enqueue, if the enqueue did not make it. */
const joinedBy = (recorder: Recorder, { id, isNew }: TaskHandle): string | undefined =>
  isNew === false ? recorder.keyOf(id) : undefined;

/** The name of a reader. One that awaits the task of another enqueue is a reader of its own. */
const readerOf = ({ process }: LiveClient, key: string, task: string): string =>
  key === task ? process.name : `${process.name} for ${key}`;

/** Carries out the orders of a plan, each with the current life of its client. */
export class Customer {
  readonly #world: World;
  readonly #clients: readonly ClientProcess[];
  /** Unfinished orders, with the life of the client that carries each out. */
  readonly #busy = new Map<Order, LiveClient>();

  constructor(world: World, clients: readonly ClientProcess[]) {
    this.#world = world;
    this.#clients = clients;
  }

  plan(orders: readonly Order[]): void {
    for (const order of orders) {
      this.#world.plan(order.atMs, undefined, () => {
        this.#clients[order.client % this.#clients.length]?.use((live) => {
          this.#busy.set(order, live);
          void this.#do(live, order).finally(() => this.#busy.delete(order));
        });
      });
    }
  }

  /** Descriptions of the unfinished orders of living clients. */
  get waiting(): string[] {
    return [...this.#busy]
      .filter(([, live]) => live.process.isAlive)
      .map(([order, live]) => `${live.process.name} for ${JSON.stringify(order)}`);
  }

  /** Whether no living client has an unfinished order, and no order waits for a client. */
  get isIdle(): boolean {
    return this.waiting.length === 0 && !this.#clients.some(({ isAwaited }) => isAwaited);
  }

  #do(live: LiveClient, order: Order): Promise<void> {
    switch (order.kind) {
      case 'enqueue':
        return this.#enqueue(live, order);
      case 'put':
        return this.#put(live, order);
      case 'get':
        return this.#get(live, order.timeoutMs);
      default:
        return this.#lease(live, order);
    }
  }

  async #enqueue(live: LiveClient, order: Order & TaskOrder): Promise<void> {
    const { recorder } = this.#world;
    const { client, process } = live;
    const { keys, timeoutMs } = order;
    for (const task of keys) {
      recorder.record({ kind: 'submit', task, client: process.name, ...aboutOf(order) });
    }
    const inputs = keys.map((key) => behaviourOf(order, key));
    const definition = simTaskIn(order.task, order.version);
    const taskOptions = optionsOf(order);
    const [only, ...others] = inputs;
    if (only !== undefined && others.length === 0 && isRun(order)) {
      await this.#run(live, only, client.run(definition, only, taskOptions));
      return;
    }
    const handles = await this.#submitted(
      live,
      keys,
      client.enqueueMany(
        definition,
        inputs,
        isImpatient(order) ? { ...taskOptions, timeoutMs } : taskOptions,
      ),
      (made) => made.map((handle) => joinedBy(recorder, handle)),
      isImpatient(order) ? timeoutMs : undefined,
    );
    for (const [index, handle] of (handles ?? []).entries()) {
      this.#follow(live, order, keys[index] ?? '', handle);
    }
  }

  /** Enqueues and awaits the result in one call. Only the outcome shows that the task was accepted. */
  async #run(live: LiveClient, { key }: Behaviour, running: Promise<unknown>): Promise<void> {
    const { recorder } = this.#world;
    const outcome = running.then(
      (value): RunEnd => {
        const run = runOf(value);
        return { outcome: 'succeeded', value: run, task: recorder.taskOfRun(run) ?? key };
      },
      (error: unknown) => failureOf(recorder, error),
    );
    const ended = await this.#submitted(live, [key], outcome, ({ task }) => [
      task === key ? undefined : task,
    ]);
    if (ended !== undefined) {
      recorder.record({ kind: 'visible', reader: readerOf(live, key, ended.task), ...ended });
    }
  }

  #follow(live: LiveClient, order: TaskOrder, key: string, handle: TaskHandle): void {
    const { recorder } = this.#world;
    const { process } = live;
    const task = joinedBy(recorder, handle) ?? key;
    if (order.awaitsResult) {
      void readOutcome(recorder, readerOf(live, key, task), task, handle);
    }
    if (order.cancelAfterMs !== undefined) {
      process.clock.after(order.cancelAfterMs, () => {
        recorder.record({ kind: 'cancel', task });
        handle
          .cancel()
          .then(() => recorder.record({ kind: 'cancelled', task }))
          .catch(() => {});
      });
    }
  }

  async #put(live: LiveClient, order: Order & { kind: 'put' }): Promise<void> {
    const { client, process } = live;
    const { key, delayMs, timeoutMs } = order;
    this.#world.recorder.record({
      kind: 'submit',
      task: key,
      client: process.name,
      what: 'item',
      mayExpire: false,
    });
    const put = client.queue(ITEMS).put({ key }, { timeoutMs, delayMs });
    await this.#submitted(live, [key], put, () => [], timeoutMs);
  }

  async #submitted<T>(
    live: LiveClient,
    keys: readonly string[],
    sent: Promise<T>,
    joinedOf: (answer: T) => readonly (string | undefined)[],
    timeoutMs = Number.POSITIVE_INFINITY,
  ): Promise<T | undefined> {
    const { recorder } = this.#world;
    const startedAtMs = live.process.clock.monotonicMs();
    try {
      const answer = await sent;
      const joined = joinedOf(answer);
      for (const [index, task] of keys.entries()) {
        const other = joined[index];
        const part = other === undefined ? {} : { joined: other };
        recorder.record({ kind: 'submitted', task, how: 'ok', ...part });
      }
      return answer;
    } catch (error) {
      const isTimeUp = live.process.clock.monotonicMs() - startedAtMs >= timeoutMs;
      const how = submittedAs(codeOf(error), isTimeUp, live.isLeaving);
      recorder.tell(() => `${live.process.name}: ${messageOf(error)}`);
      for (const task of keys) {
        recorder.record({ kind: 'submitted', task, how });
      }
      return undefined;
    }
  }

  async #get({ client, process }: LiveClient, timeoutMs: number): Promise<void> {
    try {
      const { key } = await client.queue<{ key: string }>(ITEMS).get({ timeoutMs });
      const { name: reader } = process;
      this.#world.recorder.record({ kind: 'taken', task: key, reader, isKept: true });
    } catch {
      // No item came, or the client was closed.
    }
  }

  async #lease({ client, process }: LiveClient, order: Order & { kind: 'lease' }): Promise<void> {
    const { recorder } = this.#world;
    const { name: reader } = process;
    try {
      const { holdMs, isAcked, timeoutMs } = order;
      const item = await client.queue<{ key: string }>(ITEMS).lease({ timeoutMs });
      const task = item.value.key;
      recorder.record({ kind: 'taken', task, reader, isKept: false });
      await new Promise<void>((resolve) => void process.clock.after(holdMs, resolve));
      await (isAcked ? acknowledge(recorder, reader, task, item) : item.release());
    } catch {
      // No item came, or the client was closed.
    }
  }
}
