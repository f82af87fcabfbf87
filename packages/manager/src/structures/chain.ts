/** Fields that a chain needs in its entries. Only the chain writes them. */
export interface ChainEntry<E> {
  before: E | undefined;
  next: E | undefined;
}

/**
 * A doubly linked list of entries in order of arrival; an entry is in one chain at most.
 * Adding and removing look up nothing. A removed entry refers to no other: in the old
 * generation it would keep all its successors alive.
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

  /** Removes an entry of this chain. */
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

  /** A copy: entries may be removed while it is read. */
  entries(): E[] {
    const entries: E[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) {
      entries.push(entry);
    }
    return entries;
  }
}
