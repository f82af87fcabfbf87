import type { QueueReport, QueueSize, QueueSpec } from '../engine.ts';
import { type Counters, type QueueRecord, zeroCounters } from './rows/counters.ts';
import type { ListRow } from './rows/list-row.ts';
import { RunTimes } from './run-times.ts';

/** A named queue: its bounds and its counters. */
export class Queue {
  spec: QueueSpec;
  /** Whether its owner declared it; an undeclared one was found in the store and refuses new tasks. */
  declared: boolean;
  /** Task names that have been used in it. */
  laneCount = 0;
  /** Whether nothing of it is dealt. */
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

  /** What the store should have of it. */
  get record(): QueueRecord {
    return { queue: this.spec.name, isPaused: this.isPaused, counters: this.counters };
  }

  /** Has from now on what the store had of it, in this row. */
  restore({ counters, isPaused }: QueueRecord, row: ListRow): void {
    Object.assign(this.counters, counters);
    this.isPaused = isPaused;
    this.countersRow = row;
  }
}
