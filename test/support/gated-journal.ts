import type { Journal, JournalSpace, Write } from '@millrace/manager/internals';

interface Held {
  readonly writes: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A journal whose commits and free space a test decides; without a decision it is the one under it. */
export class GatedJournal implements Journal {
  readonly name: string;
  readonly #under: Journal;
  #isHolding = false;
  #held: Held[] = [];
  #onHeld: (() => void) | undefined;
  /** Replaces the free space of the disk. */
  freeBytes: number | undefined;
  reserveBytes: number | undefined;
  /** What the journal has failed of between two commits. */
  failure: Error | undefined;
  /** How many commits were begun. */
  commits = 0;
  /** Rows that were asked for by their key. */
  reads = 0;
  /** Most commits that were in flight at once. */
  inFlightMax = 0;
  #inFlight = 0;

  constructor(under: Journal) {
    this.#under = under;
    this.name = under.name;
  }

  get: Journal['get'] = (key) => {
    this.reads += 1;
    return this.#under.get(key);
  };
  lastKey: Journal['lastKey'] = (from, to) => this.#under.lastKey(from, to);
  range: Journal['range'] = (from, to, limit) => this.#under.range(from, to, limit);
  close: Journal['close'] = () => this.#under.close();

  async commit(writes: readonly Write[]): Promise<void> {
    this.commits += 1;
    this.#inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.#inFlight);
    if (this.#isHolding) {
      await new Promise<void>((resolve, reject) => {
        this.#held.push({ writes, resolve, reject });
        this.#onHeld?.();
      });
    }
    await this.#under.commit(writes);
    this.#inFlight -= 1;
  }

  space(): JournalSpace {
    if (this.failure !== undefined) {
      throw this.failure;
    }
    const space = this.#under.space();
    return {
      ...space,
      freeBytes: this.freeBytes ?? space.freeBytes,
      reserveBytes: this.reserveBytes ?? space.reserveBytes,
    };
  }

  /** From now on commits wait. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Resolves when a commit waits. */
  async held(): Promise<void> {
    if (this.#held.length === 0) {
      await new Promise<void>((resolve) => {
        this.#onHeld = resolve;
      });
    }
  }

  /** Lets the commit that waits, and all later ones, through. */
  release(): void {
    this.#isHolding = false;
    for (const { resolve } of this.#held.splice(0)) {
      resolve();
    }
  }

  /** Lets only the commit that waits through. */
  releaseOne(): void {
    this.#held.shift()?.resolve();
  }

  /** The commit that waits is refused by the disk. */
  refuse(error: Error): void {
    this.#isHolding = false;
    this.#held.shift()?.reject(error);
  }
}
