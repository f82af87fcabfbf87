/** What a chain needs of its entries. Both are written by the chain alone. */
export interface ChainEntry<E> {
  before: E | undefined;
  next: E | undefined;
}

/**
 * Entries in order of arrival, each in one chain at most. To come and to go costs
 * no look at a table. Whoever goes refers to nobody any more: an old entry would
 * keep alive all that came behind it.
 */
export class Chain<E extends ChainEntry<E>> {
  #first: E | undefined;
  #last: E | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): E | undefined {
    return this.#first;
  }

  get last(): E | undefined {
    return this.#last;
  }

  add(entry: E): void {
    if (this.#last === undefined) {
      this.#first = entry;
    } else {
      this.#last.next = entry;
      entry.before = this.#last;
    }
    this.#last = entry;
    this.#size += 1;
  }

  /** Takes out an entry of this chain. */
  remove(entry: E): void {
    const { before, next } = entry;
    if (before === undefined) {
      this.#first = next;
    } else {
      before.next = next;
    }
    if (next === undefined) {
      this.#last = before;
    } else {
      next.before = before;
    }
    entry.before = undefined;
    entry.next = undefined;
    this.#size -= 1;
  }

  /** As they are now: they may go meanwhile. */
  entries(): E[] {
    const entries: E[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) {
      entries.push(entry);
    }
    return entries;
  }
}
