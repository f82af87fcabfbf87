import { type Journal, memoryJournal, type Write } from '@millrace/manager/internals';
import type { Random } from '../support/random.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export interface DiskRates {
  /** The longest time of a flush; most flushes are much faster. */
  readonly flushMs: number;
  /** The share of flushes that take a hundred times as long. */
  readonly stalls: number;
}

interface InFlight {
  readonly writes: readonly Write[];
  isDurable: boolean;
}

/** The share of a lying disk's flushes that are real. */
const REAL_FLUSHES = 0.2;
/** The longest flush, so that a batch in flight when the faults end does not outlast the recovery. */
const FLUSH_MAX_MS = 5_000;
const GIBIBYTE = 1024 ** 3;
const RESERVE_BYTES = GIBIBYTE;

/**
 * The disk under one manager. A batch is volatile until it is flushed. A crash keeps or
 * forgets a volatile batch as a whole, whichever is drawn.
 */
export class SimDisk {
  readonly #world: World;
  readonly #random: Random;
  #rates: DiskRates;
  readonly #durable = memoryJournal();
  readonly #isLying: boolean;
  /** The old values of rows that a lying disk has not really written yet, the newest last. */
  #undo: Write[] = [];
  #inFlight: InFlight | undefined;
  #hasFailed = false;
  /** No flush ends before this time. */
  #stalledUntilMs = 0;
  /** Whether the next write fails. */
  failsNext = false;
  isFull = false;
  readonly breaches: string[] = [];
  #commits = 0;

  /** @param isLying whether the disk acknowledges writes before they are durable, which the checker must notice */
  constructor(world: World, rates: DiskRates, isLying: boolean) {
    this.#isLying = isLying;
    this.#world = world;
    this.#random = world.random('disk');
    this.#rates = rates;
  }

  /** The number of batches that the disk was given. */
  get commits(): number {
    return this.#commits;
  }

  calm(rates: DiskRates): void {
    this.#rates = rates;
    this.#stalledUntilMs = 0;
    this.failsNext = false;
    this.isFull = false;
  }

  /** Lets no flush end for a time. */
  stall(forMs: number): void {
    this.#stalledUntilMs = this.#world.nowMs + forMs;
  }

  /** The journal of one life of the manager. */
  journalOf(process: SimProcess): Journal {
    this.#hasFailed = false;
    return {
      name: 'simulated',
      get: (key) => this.#durable.get(key),
      lastKey: (from, to) => this.#durable.lastKey(from, to),
      range: (from, to, limit) => this.#durable.range(from, to, limit),
      commit: (writes) => this.#commit(process, writes),
      space: () => ({
        ...this.#durable.space(),
        freeBytes: this.isFull ? 0 : 2 * RESERVE_BYTES,
        reserveBytes: RESERVE_BYTES,
      }),
      close: async () => {},
    };
  }

  /** The manager died. A batch in flight is kept or forgotten as a whole. */
  crash(): void {
    const inFlight = this.#inFlight;
    this.#inFlight = undefined;
    void this.#durable.commit(this.#undo.splice(0).toReversed());
    if (inFlight !== undefined && !inFlight.isDurable) {
      const isDurable = this.#random.next() < 0.5;
      this.#world.recorder.tell(
        () => `disk: a batch of ${inFlight.writes.length} was ${isDurable ? 'kept' : 'forgotten'}`,
      );
      if (isDurable) {
        this.#apply(inFlight);
      }
    }
  }

  #commit(process: SimProcess, writes: readonly Write[]): Promise<void> {
    if (this.#inFlight !== undefined) {
      this.breaches.push('two batches in flight');
    }
    if (this.#hasFailed) {
      this.breaches.push('a batch was written after a failed batch');
    }
    // Copied, because the engine may reuse the memory of a batch.
    const copies = writes.map(({ key, value }) => ({
      key,
      value: value === undefined ? undefined : new Uint8Array(value),
    }));
    this.#commits += 1;
    const inFlight: InFlight = { writes: copies, isDurable: false };
    this.#inFlight = inFlight;
    return new Promise((resolve, reject) => {
      const tell = (run: () => void): void =>
        void this.#world.plan(this.#random.next() * 0.2, process, run, 'disk');
      this.#world.plan(this.#flushMs(), undefined, () => {
        if (this.#inFlight !== inFlight) {
          return;
        }
        if (this.failsNext) {
          this.#refuse(inFlight);
          tell(() => reject(new Error('EIO')));
          return;
        }
        this.#apply(inFlight);
        tell(() => {
          this.#inFlight = undefined;
          resolve();
        });
      });
    });
  }

  /** A failed write may nevertheless have reached the disk. */
  #refuse(inFlight: InFlight): void {
    this.failsNext = false;
    this.#hasFailed = true;
    if (this.#random.next() < 0.5) {
      this.#apply(inFlight);
    }
    this.#inFlight = undefined;
  }

  #apply(inFlight: InFlight): void {
    inFlight.isDurable = true;
    this.#rememberOldValues(inFlight.writes);
    // The memory journal commits synchronously.
    void this.#durable.commit(inFlight.writes);
    this.#world.recorder.tell(() => `disk: a batch of ${inFlight.writes.length} is durable`);
  }

  #rememberOldValues(writes: readonly Write[]): void {
    if (this.#isLying) {
      const isFlushed = this.#random.next() < REAL_FLUSHES;
      this.#undo = isFlushed ? [] : this.#undo;
      this.#undo.push(...writes.map(({ key }) => ({ key, value: this.#durable.get(key) })));
    }
  }

  #flushMs(): number {
    const { flushMs, stalls } = this.#rates;
    const isStall = this.#random.next() < stalls;
    const tookMs = this.#random.next() ** 2 * flushMs * (isStall ? 100 : 1);
    const stalledMs = this.#stalledUntilMs - this.#world.nowMs;
    return Math.max(stalledMs, Math.min(FLUSH_MAX_MS, tookMs));
  }
}
