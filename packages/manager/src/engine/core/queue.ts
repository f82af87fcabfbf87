import type { ListRow } from './rows/list-row.ts';
import { type Counters, type QueueRecord, zeroCounters } from './rows/queue-record.ts';
import { RunTimes } from './run-times.ts';

/** A queue as its owner declares it. */
export interface QueueSpec {
  readonly name: string;
  /** Unfinished tasks and items that the queue may hold. */
  readonly maxItems: number;
  /** Payload bytes that the queue's unfinished tasks may hold. */
  readonly maxBytes: number;
  /** Order of tasks with equal priority: first in, first out, or last in, first out. */
  readonly order: 'fifo' | 'lifo';
}

export interface QueueSize {
  readonly ready: number;
  readonly scheduled: number;
  readonly leased: number;
  readonly bytes: number;
  /** Room that the bounds of the queue leave. */
  readonly freeItems: number;
  readonly freeBytes: number;
}

/** Running totals of a queue; they survive a restart. */
export interface QueueTotals {
  readonly enqueued: number;
  readonly succeeded: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly expired: number;
  /** Grants beyond a task's first. */
  readonly regranted: number;
  readonly losses: number;
}

export interface QueueReport {
  readonly name: string;
  readonly size: QueueSize;
  readonly totals: QueueTotals;
  /** Scheduled tasks that wait for a further attempt, after a failure or the loss of a worker. */
  readonly retrying: number;
  /** Dead tasks that are still kept, and can be retried. */
  readonly deadKept: number;
  readonly isPaused: boolean;
  /** 95th percentile of its latest run times; unknown before the first run since the start. */
  readonly runP95Ms: number | undefined;
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** A named queue: its bounds and its counters. */
export class Queue {
  spec: QueueSpec;
  /** False for a queue that was found in the store and not declared yet; it refuses new tasks. */
  declared: boolean;
  /** Task names that have been used in it. */
  laneCount = 0;
  isPaused = false;
  readonly runTimes = new RunTimes();
  readonly counters: Counters = zeroCounters();
  /** The row that has its counters as they were last written. */
  countersRow: ListRow | undefined;

  constructor(spec: QueueSpec, declared: boolean) {
    this.spec = spec;
    this.declared = declared;
  }

  get unfinished(): number {
    return this.counters.ready + this.counters.scheduled + this.counters.leased;
  }

  /** Whether `items` more tasks with `bytes` more payload fit. */
  fits(items: number, bytes: number): boolean {
    return (
      this.unfinished + items <= this.spec.maxItems &&
      this.counters.bytes + bytes <= this.spec.maxBytes
    );
  }

  size(): QueueSize {
    const { ready, scheduled, leased, bytes } = this.counters;
    const freeItems = Math.max(0, this.spec.maxItems - this.unfinished);
    const freeBytes = Math.max(0, this.spec.maxBytes - bytes);
    return { ready, scheduled, leased, bytes, freeItems, freeBytes };
  }

  report(): QueueReport {
    const { counters, isPaused, runTimes, spec } = this;
    const { enqueued, succeeded, dead, cancelled, expired, regranted, losses } = counters;
    return {
      name: spec.name,
      size: this.size(),
      totals: { enqueued, succeeded, dead, cancelled, expired, regranted, losses },
      retrying: counters.retrying,
      deadKept: counters.deadKept,
      isPaused,
      runP95Ms: runTimes.p95Ms,
      maxItems: spec.maxItems,
      maxBytes: spec.maxBytes,
    };
  }

  /** The record of this queue, to be written. */
  get record(): QueueRecord {
    return { queue: this.spec.name, isPaused: this.isPaused, counters: this.counters };
  }

  /** Restores this queue from its record, which is in this row of the store. */
  restore({ counters, isPaused }: QueueRecord, row: ListRow): void {
    Object.assign(this.counters, counters);
    this.isPaused = isPaused;
    this.countersRow = row;
  }
}
