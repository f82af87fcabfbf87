import type { QueueReport, QueueSize, QueueSpec } from '../../engine.ts';
import { countersKey } from './keys.ts';
import { decodeNumbers, encodeNumbers } from './number-record.ts';
import { RunTimes } from './run-times.ts';

/** Unfinished tasks by state and their payload bytes: what bounds are checked against. */
const sizeFields = ['ready', 'scheduled', 'leased', 'bytes'] as const;
const totalFields = [
  'enqueued',
  'succeeded',
  'dead',
  'cancelled',
  'expired',
  'regranted',
  'losses',
] as const;

/** Scheduled for a further attempt; dead and still kept. */
const laterFields = ['retrying', 'deadKept'] as const;
const countedFields = [...sizeFields, ...totalFields, ...laterFields] as const;

type Counters = Record<(typeof countedFields)[number], number>;

const zero = (): Counters => ({
  ready: 0,
  scheduled: 0,
  leased: 0,
  bytes: 0,
  enqueued: 0,
  succeeded: 0,
  dead: 0,
  cancelled: 0,
  expired: 0,
  regranted: 0,
  losses: 0,
  retrying: 0,
  deadKept: 0,
});

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
  readonly counters: Counters = zero();
  readonly countersKey: string;

  constructor(spec: QueueSpec, declared: boolean) {
    this.spec = spec;
    this.countersKey = countersKey(spec.name);
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

  encodeCounters(): Uint8Array {
    const numbers = countedFields.map((field) => this.counters[field]);
    numbers.push(this.isPaused ? 1 : 0);
    return encodeNumbers(numbers);
  }

  decodeCounters(record: Uint8Array): void {
    const numbers = decodeNumbers(record);
    for (const [index, field] of countedFields.entries()) {
      this.counters[field] = numbers[index] ?? 0;
    }
    this.isPaused = numbers[countedFields.length] === 1;
  }
}
