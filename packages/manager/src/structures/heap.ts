/** A field that a heap needs in its entries, so that they can be removed. */
export interface HeapEntry {
  /** Position in the heap; −1 outside. Only the heap writes it. */
  heapIndex: number;
}

/** A binary heap, best first. Any entry can move or be removed in O(log n). */
export class Heap<E extends HeapEntry> {
  readonly #entries: E[] = [];
  readonly #comesBefore: (a: E, b: E) => boolean;

  constructor(comesBefore: (a: E, b: E) => boolean) {
    this.#comesBefore = comesBefore;
  }

  get first(): E | undefined {
    return this.#entries[0];
  }

  add(entry: E): void {
    this.#place(entry, this.#entries.length);
    this.#rise(entry);
  }

  /** Restores the order after an entry of this heap has changed. */
  move(entry: E): void {
    this.#rise(entry);
    this.#sink(entry);
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
    this.move(last);
  }

  #place(entry: E, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }

  #rise(entry: E): void {
    let index = entry.heapIndex;
    while (index > 0) {
      const parent = this.#entries[(index - 1) >> 1];
      if (parent === undefined || !this.#comesBefore(entry, parent)) {
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
      const child = this.#betterChild(index);
      if (child === undefined || !this.#comesBefore(child, entry)) {
        break;
      }
      const childIndex = child.heapIndex;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(entry, index);
  }

  #betterChild(index: number): E | undefined {
    const left = this.#entries[index * 2 + 1];
    const right = this.#entries[index * 2 + 2];
    const isRight = left !== undefined && right !== undefined && this.#comesBefore(right, left);
    return isRight ? right : left;
  }
}
