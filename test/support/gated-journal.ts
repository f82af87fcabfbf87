import type { Journal, JournalSpace, Write } from '@millrace/manager/internals';

interface Held {
  readonly writes: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A journal over another one. A test can hold its commits, let them fail, and set its free space. */
export class GatedJournal implements Journal {
  readonly name: string;
  readonly #under: Journal;
  #isHolding = false;
  #held: Held[] = [];
  #onHeld: (() => void) | undefined;
  /** If set, replaces the free space of the disk. */
  freeBytes: number | undefined;
  reserveBytes: number | undefined;
  /** If set, the error with which the journal has failed between two commits. */
  failure: Error | undefined;
  /** The number of commits that were begun. */
  commits = 0;
  /** The number of rows that were read by their key. */
  reads = 0;
  /** The highest number of commits in flight at once. */
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

  /** Lets all commits from now on wait. */
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

  /** Lets the waiting commit and all later ones through. */
  release(): void {
    this.#isHolding = false;
    for (const { resolve } of this.#held.splice(0)) {
      resolve();
    }
  }

  /** Lets only the waiting commit through. */
  releaseOne(): void {
    this.#held.shift()?.resolve();
  }

  /** Lets the waiting commit fail, and all later ones through. */
  refuse(error: Error): void {
    this.#isHolding = false;
    this.#held.shift()?.reject(error);
  }
}
