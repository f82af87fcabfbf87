import type { Journal } from '../store/journal.ts';
import type { Batch } from './batch.ts';

interface Pinned {
  /** Undefined for a row that was removed. */
  readonly value: Uint8Array | undefined;
  readonly batchNumber: number;
}

/**
 * Rows that are looked up by their keys and for which memory has no object. A written row stays
 * here until its batch is durable, because the journal shows it only then.
 */
export class SideRows {
  readonly #journal: Journal;
  readonly #pinned = new Map<string, Pinned>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  put(batch: Batch, key: string, value: Uint8Array): void {
    batch.put(key, value);
    this.#pin(batch, key, value);
  }

  remove(batch: Batch, key: string): void {
    batch.remove(key);
    this.#pin(batch, key, undefined);
  }

  get(key: string): Uint8Array | undefined {
    const pinned = this.#pinned.get(key);
    return pinned === undefined ? this.#journal.get(key) : pinned.value;
  }

  /** Forgets the rows of a batch that is durable, except those that a later batch has changed. */
  durable({ number, sideKeys }: Batch): void {
    for (const key of sideKeys) {
      if (this.#pinned.get(key)?.batchNumber === number) {
        this.#pinned.delete(key);
      }
    }
  }

  /** Number of rows whose batch is not durable yet; for audits. */
  get pinned(): number {
    return this.#pinned.size;
  }

  #pin(batch: Batch, key: string, value: Uint8Array | undefined): void {
    batch.sideKeys.push(key);
    this.#pinned.set(key, { value, batchNumber: batch.number });
  }
}
