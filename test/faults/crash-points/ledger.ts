import { type Client, TaskFailed } from '@millrace/client';
import { codeOf, messageOf } from '@millrace/protocol';
import { digestOf, type Echo, type Order, refusalOf } from './tasks.ts';

export type TaskKind = 'echo' | 'refuse' | 'hold' | 'scheduled';

/** The outcome of a task, as a text that can be compared between two readers. */
type Seen = string;

interface Acknowledged {
  readonly kind: TaskKind;
  readonly order: Order;
}

/** Only a hang takes this long. */
export const PATIENCE_MS = 30_000;

/** The part of an item that is shown; an item begins with its number. */
const ITEM_SHOWN_CHARS = 12;

/** Waits for the outcome of a task, as a client sees it. */
const readOutcome = async (client: Client, taskId: string): Promise<Seen> => {
  try {
    return JSON.stringify(await client.task(taskId).result({ timeoutMs: PATIENCE_MS }));
  } catch (error) {
    return error instanceof TaskFailed
      ? `${error.code}: ${error.remote?.message ?? ''}`
      : `${codeOf(error)}: ${messageOf(error)}`;
  }
};

const isAsOrdered = ({ kind, order }: Acknowledged, seen: Seen): boolean => {
  if (kind === 'refuse') {
    return seen === `TASK_DEAD: ${refusalOf(order.n)}`;
  }
  if (kind !== 'echo') {
    return seen.startsWith('TASK_CANCELLED');
  }
  if (!seen.startsWith('{')) {
    return false;
  }
  const { digest, n } = JSON.parse(seen) as Echo;
  return n === order.n && digest === digestOf(order.text);
};

/** A record of everything that a manager acknowledged, made when the acknowledgement arrived. */
export class Ledger {
  readonly #tasks = new Map<string, Acknowledged>();
  readonly #outcomes = new Map<string, Seen>();
  readonly #cancels = new Map<string, 'cancelled' | 'requested' | 'finished'>();
  /** All items that were ever sent, acknowledged or not. */
  readonly #sent = new Set<string>();
  readonly #put = new Set<string>();
  readonly #received = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #unexpected: string[] = [];

  /** Called when a task has been acknowledged. */
  onEnqueued = (): void => {};

  /** The number of acknowledgements of all kinds. */
  get count(): number {
    return (
      this.#tasks.size +
      this.#outcomes.size +
      this.#cancels.size +
      this.#put.size +
      this.#removed.size
    );
  }

  get taskCount(): number {
    return this.#tasks.size;
  }

  get itemCount(): number {
    return this.#put.size;
  }

  enqueued(taskId: string, kind: TaskKind, order: Order): void {
    this.#tasks.set(taskId, { kind, order });
    this.onEnqueued();
  }

  /** Records an outcome that a client saw, or whose report the manager accepted from the worker. */
  ended(taskId: string, seen: Seen): void {
    const before = this.#outcomes.get(taskId);
    if (before !== undefined && before !== seen) {
      this.#unexpected.push(`task ${taskId} was seen as ${before}, then as ${seen}`);
    }
    this.#outcomes.set(taskId, before ?? seen);
  }

  cancelled(taskId: string, answer: 'cancelled' | 'requested' | 'finished'): void {
    this.#cancels.set(taskId, answer);
  }

  sending(item: string): void {
    this.#sent.add(item);
  }

  put(item: string): void {
    this.#put.add(item);
  }

  /** Records an item that was received; its acknowledgement may not have arrived. */
  received(item: string): void {
    this.#checkItem(item);
    this.#received.add(item);
  }

  /** Records an item whose removal the manager confirmed. */
  removed(item: string): void {
    this.#removed.add(item);
  }

  unexpected(what: string): void {
    this.#unexpected.push(what);
  }

  /** Sentences on tasks that a restarted manager lost or changed. Called before the old peers are back. */
  async missing(client: Client): Promise<string[]> {
    const findings = [...this.#tasks.keys()].map((taskId) => this.#missingTask(client, taskId));
    return [...(await Promise.all(findings)).flat(), ...this.#unexpected.splice(0)];
  }

  /** Waits for the end of every task. @returns sentences on tasks that did not end as ordered */
  async unfinished(client: Client): Promise<string[]> {
    const open = [...this.#tasks].filter(([taskId]) => !this.#outcomes.has(taskId));
    const findings = open.map(async ([taskId, task]) => {
      const seen = await readOutcome(client, taskId);
      this.ended(taskId, seen);
      return isAsOrdered(task, seen) ? [] : [`${task.kind} task ${taskId} ended as ${seen}`];
    });
    return [...(await Promise.all(findings)).flat(), ...this.#unexpected.splice(0)];
  }

  /** Sentences on items that were acknowledged and never received. */
  lostItems(): string[] {
    return [...this.#put]
      .filter((item) => !this.#received.has(item))
      .map((item) => `item ${item.slice(0, ITEM_SHOWN_CHARS)} is lost`);
  }

  /** An item may come again only until its removal is confirmed. */
  #checkItem(item: string): void {
    if (!this.#sent.has(item)) {
      this.#unexpected.push(`item ${item.slice(0, ITEM_SHOWN_CHARS)} was never put`);
    }
    if (this.#removed.has(item)) {
      this.#unexpected.push(
        `item ${item.slice(0, ITEM_SHOWN_CHARS)} came again after it was removed`,
      );
    }
  }

  async #missingTask(client: Client, taskId: string): Promise<string[]> {
    const known = this.#outcomes.get(taskId);
    if (known !== undefined) {
      const seen = await readOutcome(client, taskId);
      return seen === known ? [] : [`the outcome of task ${taskId} was ${known}, now ${seen}`];
    }
    const state = await this.#stateOf(client, taskId);
    if (this.#cancels.get(taskId) === 'cancelled' && state !== 'cancelled') {
      return [`task ${taskId} was cancelled, now it is ${state}`];
    }
    return state.includes(':') ? [`task ${taskId} is lost: ${state}`] : [];
  }

  async #stateOf(client: Client, taskId: string): Promise<string> {
    try {
      const { state } = await client.task(taskId).inspect();
      return state;
    } catch (error) {
      return `${codeOf(error)}: ${messageOf(error)}`;
    }
  }
}
