import { ITEM_NAME } from '@millrace/protocol';
import type { Journal } from '../journal.ts';
import { decodeId, readyPrefix, readyRange } from './keys.ts';

/** Claimable tasks held in memory for each (queue, name); the rest of a backlog is on disk. */
export const WINDOW_MAX_TASKS = 1_024;
const REFILL_TASKS = 512;
/** Sorts behind every key. */
const END = '\xff';

/** What a lane needs of a task: its place, and whether the window holds it. */
export interface Waiting {
  readonly readyKey: string;
  inWindow: boolean;
}

/** What a lane needs of its queue. */
export interface LaneQueue {
  readonly spec: { readonly name: string; readonly order: 'fifo' | 'lifo' };
}

/**
 * The ready tasks of one task name in one queue, in order. Memory holds the head.
 *
 * Invariant: every durable ready row up to and including `frontier` is accounted
 * for in memory (in the window, leased, or being written); rows behind it are on
 * disk only. With the frontier at the end, the window is the whole lane.
 */
export class Lane<T extends Waiting, Q extends LaneQueue> {
  readonly number: number;
  readonly name: string;
  readonly queue: Q;
  readonly prefix: string;
  /** Ascending by ready key; what is before `#head` is gone. */
  #window: T[] = [];
  #head = 0;
  #frontier: string;

  /** @param isNew whether the store can hold no row of this lane yet */
  constructor(number: number, queue: Q, name: string, isNew: boolean) {
    this.number = number;
    this.queue = queue;
    this.name = name;
    this.prefix = readyPrefix(number);
    this.#frontier = isNew ? END : '';
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

  /** Whether memory accounts for a durable row of this key. */
  covers(readyKey: string): boolean {
    return readyKey <= this.#frontier;
  }

  /**
   * Takes in a task whose ready row is now durable. Answers whether memory keeps
   * it; behind the frontier its row on disk is enough.
   */
  offer(task: T): boolean {
    if (!this.covers(task.readyKey)) {
      return false;
    }
    this.#insert(task);
    return true;
  }

  /** Drops the tail beyond the window's bound, and hands out what was dropped. */
  trim(): T[] {
    const excess = this.windowSize - WINDOW_MAX_TASKS;
    if (excess <= 0) {
      return [];
    }
    const dropped = this.#window.splice(this.#window.length - excess, excess);
    for (const task of dropped) {
      task.inWindow = false;
    }
    this.#frontier = this.#window[this.#window.length - 1]?.readyKey ?? '';
    return dropped;
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
      this.#window.splice(this.#positionOf(task.readyKey), 1);
    }
  }

  /**
   * When the window is empty and the disk may hold more, reads the next rows.
   * `load` gives the task of a row, or nothing when memory accounts for it already.
   */
  refill(journal: Journal, load: (taskId: string) => T | undefined): void {
    while (this.windowSize === 0 && this.#frontier !== END) {
      const [from, to] = readyRange(this.prefix, this.#frontier);
      const rows = journal.range(from, to, REFILL_TASKS);
      for (const { value } of rows) {
        const task = load(decodeId(value));
        if (task !== undefined) {
          task.inWindow = true;
          this.#window.push(task);
        }
      }
      const last = rows.length < REFILL_TASKS ? undefined : rows[rows.length - 1];
      this.#frontier = last?.key ?? END;
    }
  }

  /** The window in order; for invariants and reports. */
  *[Symbol.iterator](): Iterator<T> {
    yield* this.#window.slice(this.#head);
  }

  #insert(task: T): void {
    task.inWindow = true;
    const last = this.#window[this.#window.length - 1];
    if (this.windowSize === 0 || last === undefined || last.readyKey < task.readyKey) {
      this.#window.push(task);
      return;
    }
    const position = this.#positionOf(task.readyKey);
    if (position === this.#head && this.#head > 0) {
      this.#head -= 1;
      this.#window[this.#head] = task;
    } else {
      this.#window.splice(position, 0, task);
    }
  }

  #dropFirst(): void {
    this.#head += 1;
    if (this.#head === this.#window.length) {
      this.#window = [];
      this.#head = 0;
    } else if (this.#head > WINDOW_MAX_TASKS) {
      this.#window = this.#window.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The position of the first task at or behind `key`. */
  #positionOf(key: string): number {
    let low = this.#head;
    let high = this.#window.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#window[middle]?.readyKey ?? '') < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
