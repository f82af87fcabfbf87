import { ITEM_NAME } from '@millrace/protocol';
import type { ChainEntry } from '../../structures/chain.ts';
import { tuning } from '../../tuning.ts';
import type { Journal, Row } from '../store/journal.ts';
import { laneKeyOf } from './handles.ts';
import {
  comesBefore,
  priorityOfReadyKey,
  type Rank,
  readyKey,
  readyPrefix,
  readyRange,
} from './rows/keys.ts';
import { decodeIds, ListRow } from './rows/list-row.ts';

/** Sorts behind every key. */
const END = '\xff';

/** A task as its lane sees it: its place in the order, and whether the window holds it. */
export interface Queued extends Rank {
  /** The row that lists the task as ready. */
  readyRow: ListRow | undefined;
  inWindow: boolean;
}

/** Looks up the tasks that the rows of a lane name. */
export interface Shelf<T> {
  /** A task that memory holds, in any state. */
  inMemory(taskId: string): T | undefined;
  /** A task that only the disk has, if it is ready in this lane with this priority. Memory holds it from then on. */
  fromDisk(taskId: string, priority: number): T | undefined;
  /** Removes a row that no longer names a ready task. */
  drop(rowKey: string): void;
}

/** A queue as its lanes see it. */
export interface LaneQueue {
  readonly spec: { readonly name: string; readonly order: 'fifo' | 'lifo' };
}

/**
 * The ready tasks of one version of a task name in one queue, in order. Memory holds the head.
 *
 * Invariant: every durable ready row before `unread` is accounted for in memory:
 * its tasks are in the window, leased, or being written. Rows from `unread` on are
 * on disk only, and all their tasks come behind the last of the window. With `unread`
 * at the end, the window is the whole lane.
 */
export class Lane<T extends Queued, Q extends LaneQueue> implements ChainEntry<Lane<T, Q>> {
  readonly number: number;
  readonly name: string;
  readonly version: number;
  readonly queue: Q;
  /** The key by which handles find this lane. */
  readonly key: string;
  readonly prefix: string;
  /** Whether this lane is among `State.lanesToAsk`. Written by `State` alone. */
  isAsked = false;
  before: Lane<T, Q> | undefined;
  next: Lane<T, Q> | undefined;
  /**
   * In order; places before `#head` are vacated. Vacated places are cleared: an array in
   * the old generation keeps its entries alive.
   */
  readonly #window: (T | undefined)[] = [];
  #head = 0;
  #unread: string;

  /** @param isNew whether the lane was made just now, so that the store has no row of it */
  constructor(number: number, queue: Q, name: string, version: number, isNew: boolean) {
    this.number = number;
    this.queue = queue;
    this.name = name;
    this.version = version;
    this.key = laneKeyOf({ queue: queue.spec.name, name, version });
    this.prefix = readyPrefix(number);
    this.#unread = isNew ? END : '';
  }

  /** Whether this lane holds items, made by `put`, rather than tasks. */
  get isItems(): boolean {
    return this.name === ITEM_NAME;
  }

  get order(): 'fifo' | 'lifo' {
    return this.queue.spec.order;
  }

  get windowSize(): number {
    return this.#window.length - this.#head;
  }

  get first(): T | undefined {
    return this.#window[this.#head];
  }

  /** Whether the lane may have a task: in the window, or in an unread row. */
  get mayHaveMore(): boolean {
    return this.windowSize > 0 || this.#unread !== END;
  }

  /** Whether the lane should read ahead, before a claim finds the window empty. */
  get isLow(): boolean {
    return this.windowSize < tuning.windowLowTasks && this.#unread !== END;
  }

  /** Whether memory accounts for a durable row of this key. */
  covers(rowKey: string): boolean {
    return rowKey < this.#unread;
  }

  /**
   * Takes in a task whose ready row is now durable. Answers whether the window holds it;
   * a task from `unread` on is left to its row on disk.
   */
  offer(task: T): boolean {
    if (task.readyRow === undefined || !this.covers(task.readyRow.key)) {
      return false;
    }
    this.#insert(task);
    return true;
  }

  /** Drops the tail of a window that is well beyond its bound, in whole rows; answers the dropped tasks. */
  trim(): T[] {
    if (this.windowSize <= tuning.windowMaxTasks * 2) {
      return [];
    }
    const { position, unread } = this.#cut();
    const dropped = this.#window.splice(position).filter((task) => task !== undefined);
    for (const task of dropped) {
      task.inWindow = false;
      task.readyRow = undefined;
    }
    this.#unread = unread;
    return dropped;
  }

  /**
   * The first position beyond the bound where a cut keeps the order: every row behind it begins
   * after every task before it.
   */
  #cut(): { readonly position: number; readonly unread: string } {
    let cut = { position: this.#window.length, unread: this.#unread };
    let { unread } = cut;
    for (let i = this.#window.length - 1; i >= this.#head + tuning.windowMaxTasks; i--) {
      const [before, task] = [this.#window[i - 1], this.#window[i]];
      const rowKey = task?.readyRow?.key ?? '';
      unread = rowKey < unread ? rowKey : unread;
      if (before?.readyRow !== task?.readyRow && this.#endsBefore(before, unread)) {
        cut = { position: i, unread };
      }
    }
    return cut;
  }

  /** Takes a task out of the window: claimed, cancelled or expired. */
  remove(task: T): void {
    if (!task.inWindow) {
      return;
    }
    task.inWindow = false;
    if (this.#window[this.#head] === task) {
      this.#dropFirst();
    } else {
      this.#window.splice(this.#positionOf(task), 1);
    }
  }

  /**
   * Reads rows until the disk has no more, or the window has enough and no unread row can
   * name a task that comes before one in the window.
   */
  refill(journal: Journal, shelf: Shelf<T>): void {
    while (this.#unread !== END) {
      const [from, to] = readyRange(this.prefix, this.#unread);
      const rows = journal.range(from, to, tuning.windowRefillRows);
      for (const row of rows) {
        if (this.#isFilledBefore(row.key)) {
          this.#unread = row.key;
          return;
        }
        this.#read(row, shelf);
        this.#unread = `${row.key}\0`;
      }
      if (rows.length < tuning.windowRefillRows) {
        this.#unread = END;
      }
    }
  }

  #isFilledBefore(rowKey: string): boolean {
    const last = this.#window[this.#window.length - 1];
    return this.windowSize >= tuning.windowRefillTasks && this.#endsBefore(last, rowKey);
  }

  /** Whether a task comes before every task that this row or a later one can name. */
  #endsBefore(task: T | undefined, rowKey: string): boolean {
    return task !== undefined && readyKey(this.prefix, task) < rowKey;
  }

  #read(row: Row, shelf: Shelf<T>): void {
    const found: T[] = [];
    let isBeingWritten = false;
    const priority = priorityOfReadyKey(row.key);
    for (const taskId of decodeIds(row.value)) {
      const held = shelf.inMemory(taskId);
      // The disk shows a row a moment before its batch is known to be durable.
      isBeingWritten ||= held?.readyRow?.key === row.key;
      const task = held === undefined ? shelf.fromDisk(taskId, priority) : undefined;
      if (task !== undefined) {
        found.push(task);
      }
    }
    if (found.length === 0 && !isBeingWritten) {
      shelf.drop(row.key);
      return;
    }
    const readyRow = new ListRow(row.key, found.length);
    for (const task of found) {
      task.readyRow = readyRow;
      this.#insert(task);
    }
  }

  /** The window in order; for invariants and reports. */
  *[Symbol.iterator](): Iterator<T> {
    yield* this.#window.slice(this.#head).filter((task) => task !== undefined);
  }

  #insert(task: T): void {
    task.inWindow = true;
    const last = this.#window[this.#window.length - 1];
    if (this.windowSize === 0 || last === undefined || comesBefore(last, task)) {
      this.#window.push(task);
      return;
    }
    const position = this.#positionOf(task);
    if (position === this.#head && this.#head > 0) {
      this.#head -= 1;
      this.#window[this.#head] = task;
    } else {
      this.#window.splice(position, 0, task);
    }
  }

  #dropFirst(): void {
    this.#window[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#window.length) {
      this.#window.length = 0;
      this.#head = 0;
    } else if (this.#head === tuning.windowVacatedMax) {
      this.#window.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** The position of a task in the window, or the position at which to insert it. */
  #positionOf(task: T): number {
    let low = this.#head;
    let high = this.#window.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#window[middle];
      if (other !== undefined && comesBefore(other, task)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
