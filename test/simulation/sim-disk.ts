import { type Journal, memoryJournal, type Write } from '@millrace/manager/internals';
import type { Random } from '../support/random.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export interface DiskRates {
  /** A flush takes up to this long, most of them much less. */
  readonly flushMs: number;
  /** Of flushes that take a hundred times as long. */
  readonly stalls: number;
}

interface InFlight {
  readonly writes: readonly Write[];
  isDurable: boolean;
}

/** Of a lying disk's flushes, how many are true. */
const REAL_FLUSHES = 0.2;
/** Even a disk that stalls; what is in flight when the faults end must not outlast the recovery. */
const FLUSH_MAX_MS = 5_000;
const GIBIBYTE = 1024 ** 3;
const RESERVE_BYTES = GIBIBYTE;

/**
 * The disk under one manager. A batch is volatile until it is flushed; a crash
 * leaves it whole or not at all, whichever is drawn.
 */
export class SimDisk {
  readonly #world: World;
  readonly #random: Random;
  #rates: DiskRates;
  readonly #durable = memoryJournal();
  readonly #isLying: boolean;
  /** Of a lying disk: what stood where it has not really written yet, newest last. */
  #undo: Write[] = [];
  #inFlight: InFlight | undefined;
  #hasFailed = false;
  /** No flush ends before. */
  #stalledUntilMs = 0;
  /** The next write is refused. */
  failsNext = false;
  isFull = false;
  readonly breaches: string[] = [];
  #commits = 0;

  /** @param isLying for showing that it is noticed: it says that it has flushed before it has */
  constructor(world: World, rates: DiskRates, isLying: boolean) {
    this.#isLying = isLying;
    this.#world = world;
    this.#random = world.random('disk');
    this.#rates = rates;
  }

  /** Batches that it was given, whatever became of them. */
  get commits(): number {
    return this.#commits;
  }

  calm(rates: DiskRates): void {
    this.#rates = rates;
    this.#stalledUntilMs = 0;
    this.failsNext = false;
    this.isFull = false;
  }

  /** What is not flushed now is not for so long. */
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

  /** The manager died: of what was in flight either all is durable or nothing. */
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
      this.breaches.push('a batch was written after one had failed');
    }
    // A disk keeps what it was given, whatever becomes of the memory it came from.
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
    this.#rememberWhatStood(inFlight.writes);
    // Of a journal in memory a commit is done when it is called.
    void this.#durable.commit(inFlight.writes);
    this.#world.recorder.tell(() => `disk: a batch of ${inFlight.writes.length} is durable`);
  }

  #rememberWhatStood(writes: readonly Write[]): void {
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
