import { tuning } from './tuning.ts';

/**
 * A Map for entries that come and go all the time.
 *
 * A Map of V8 whose places are used up, those of deleted entries too, moves its
 * entries to another table, to which the table before refers from then on. Once a
 * table has outlived two collections of the young generation, such a collection takes
 * for alive what that table refers to, although nobody needs it: the next table, the
 * entries it had, all they hold, and the table behind it. They grow old in their turn,
 * so that everything that ever passes through the Map is copied, until a full
 * collection; then it begins anew. With 2,000 entries under way a Map did an eighth of
 * the work of this one, which goes on in a Map without a past.
 */
export class TurnoverMap<K, V> {
  #map = new Map<K, V>();
  #added = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): void {
    this.#added += 1;
    if (this.#added > this.#map.size * 2 + tuning.turnoverSpare) {
      this.#map = new Map(this.#map);
      this.#added = 0;
    }
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map = new Map();
    this.#added = 0;
  }

  /** In order of arrival. Entries may be deleted meanwhile, and not added. */
  values(): IterableIterator<V> {
    return this.#map.values();
  }

  /** In order of arrival. Entries may be deleted meanwhile, and not added. */
  entries(): IterableIterator<[K, V]> {
    return this.#map.entries();
  }
}
