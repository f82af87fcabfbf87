import type { QueueReport, QueueSize, QueueSpec } from '../../engine.ts';
import { countersKey } from './keys.ts';
import { decodeNumbers, encodeNumbers } from './number-record.ts';

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

type Counters = Record<(typeof sizeFields)[number] | (typeof totalFields)[number], number>;

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
});

/** A named queue: its bounds and its counters. */
export class Queue {
  spec: QueueSpec;
  /** Whether its owner declared it; an undeclared one was found in the store and refuses new tasks. */
  declared: boolean;
  /** Task names that have been used in it. */
  laneCount = 0;
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
    const { enqueued, succeeded, dead, cancelled, expired, regranted, losses } = this.counters;
    return {
      name: this.spec.name,
      size: this.size(),
      totals: { enqueued, succeeded, dead, cancelled, expired, regranted, losses },
      maxItems: this.spec.maxItems,
      maxBytes: this.spec.maxBytes,
    };
  }

  encodeCounters(): Uint8Array {
    return encodeNumbers([...sizeFields, ...totalFields].map((field) => this.counters[field]));
  }

  decodeCounters(record: Uint8Array): void {
    const numbers = decodeNumbers(record);
    for (const [index, field] of [...sizeFields, ...totalFields].entries()) {
      this.counters[field] = numbers[index] ?? 0;
    }
  }
}
