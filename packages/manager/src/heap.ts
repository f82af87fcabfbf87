/** What a heap needs of its entries: where they stand, so that they can leave. */
export interface HeapEntry {
  atMs: number;
  /** Position in the heap; −1 outside. Written by the heap alone. */
  heapIndex: number;
}

/** A binary heap of instants, earliest first. Entries can be removed from anywhere in O(log n). */
export class Heap<E extends HeapEntry> {
  readonly #entries: E[] = [];

  get first(): E | undefined {
    return this.#entries[0];
  }

  get size(): number {
    return this.#entries.length;
  }

  add(entry: E): void {
    this.#place(entry, this.#entries.length);
    this.#rise(entry);
  }

  remove(entry: E): void {
    const index = entry.heapIndex;
    if (index < 0) {
      return;
    }
    entry.heapIndex = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) {
      return;
    }
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #place(entry: E, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }

  #rise(entry: E): void {
    let index = entry.heapIndex;
    while (index > 0) {
      const parent = this.#entries[(index - 1) >> 1];
      if (parent === undefined || parent.atMs <= entry.atMs) {
        break;
      }
      this.#place(parent, index);
      index = (index - 1) >> 1;
    }
    this.#place(entry, index);
  }

  #sink(entry: E): void {
    let index = entry.heapIndex;
    for (;;) {
      const child = this.#earlierChild(index);
      if (child === undefined || child.atMs >= entry.atMs) {
        break;
      }
      const childIndex = child.heapIndex;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(entry, index);
  }

  #earlierChild(index: number): E | undefined {
    const left = this.#entries[index * 2 + 1];
    const right = this.#entries[index * 2 + 2];
    return left !== undefined && right !== undefined && right.atMs < left.atMs ? right : left;
  }
}
