import { orderedMap } from '../../structures/ordered-map.ts';
import type { Row, Rows, Write } from './journal.ts';

/** Applies changes to rows, both ascending; answers at most `limit` rows. */
const merge = (changes: readonly Write[], rows: readonly Row[], limit: number): Row[] => {
  const merged: Row[] = [];
  let at = 0;
  const take = (row: Row | undefined): void => {
    if (row !== undefined && merged.length < limit) {
      merged.push(row);
    }
  };
  for (const { key, value } of changes) {
    for (let row = rows[at]; row !== undefined && row.key < key; row = rows[at]) {
      take(row);
      at += 1;
    }
    at += rows[at]?.key === key ? 1 : 0;
    take(value && { key, value });
  }
  for (; at < rows.length && merged.length < limit; at++) {
    take(rows[at]);
  }
  return merged;
};

/** Pending writes over another row source; reads see both. */
export class Layer implements Rows {
  readonly #below: Rows;
  #changes = orderedMap<Write>();

  constructor(below: Rows) {
    this.#below = below;
  }

  /** Changed keys. */
  get size(): number {
    return this.#changes.size;
  }

  /** A later change of a key replaces an earlier one. */
  add(writes: readonly Write[]): void {
    for (const write of writes) {
      this.#changes.set(write.key, write);
    }
  }

  /** Replaces its changes by those of the other layer, which then has none. */
  takeOver(other: Layer): void {
    this.#changes = other.#changes;
    other.#changes = orderedMap();
  }

  clear(): void {
    this.#changes = orderedMap();
  }

  /** One write for each changed key, ascending. */
  writes(): readonly Write[] {
    return this.#changes.valuesArray();
  }

  get(key: string): Uint8Array | undefined {
    const change = this.#changes.get(key);
    return change === undefined ? this.#below.get(key) : change.value;
  }

  range(from: string, to: string, limit: number): Row[] {
    const changes = this.#upTo(from, to, limit);
    const rows = this.#below.range(from, to, limit + changes.length);
    return changes.length === 0 ? rows : merge(changes, rows, limit);
  }

  lastKey(from: string, to: string): string | undefined {
    const above = this.#lastPut(from, to);
    // The last key is `above` or a later one, so changes of earlier keys need no look.
    const least = above ?? from;
    let below = this.#below.lastKey(least, to);
    while (below !== undefined && this.#changes.has(below)) {
      below = this.#below.lastKey(least, below);
    }
    return below ?? above;
  }

  #lastPut(from: string, to: string): string | undefined {
    let key = this.#changes.nextLowerKey(to);
    while (key !== undefined && key >= from && this.#changes.get(key)?.value === undefined) {
      key = this.#changes.nextLowerKey(key);
    }
    return key === undefined || key < from ? undefined : key;
  }

  /** The changes within a range, up to the `limit`-th that puts a row; later ones cannot be in the answer. */
  #upTo(from: string, to: string, limit: number): Write[] {
    const changes: Write[] = [];
    let puts = 0;
    this.#changes.forRange(from, to, false, (_key, write) => {
      changes.push(write);
      puts += write.value === undefined ? 0 : 1;
      return puts < limit ? undefined : { break: true };
    });
    return changes;
  }
}
