/** The owner of an event. An event waits while its owner is paused, and is dropped when its owner is dead. */
export interface EventOwner {
  readonly isAlive: boolean;
  readonly isPaused: boolean;
  /** Keeps an event until the pause is over. */
  hold(event: SimEvent): void;
}

/** A planned event. Events of the same time run in the order in which they were planned. */
export interface SimEvent {
  atMs: number;
  seq: number;
  readonly owner: EventOwner | undefined;
  /** Events of one channel keep their order across a pause. */
  readonly channel: string;
  readonly run: () => void;
  isCancelled: boolean;
}

const comesBefore = (a: SimEvent, b: SimEvent): boolean =>
  a.atMs === b.atMs ? a.seq < b.seq : a.atMs < b.atMs;

/** A binary heap of events. */
export class EventHeap {
  readonly #events: SimEvent[] = [];

  get size(): number {
    return this.#events.length;
  }

  get first(): SimEvent | undefined {
    return this.#events[0];
  }

  add(event: SimEvent): void {
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = events[parent];
      if (above === undefined || !comesBefore(event, above)) {
        break;
      }
      events[index] = above;
      index = parent;
    }
    events[index] = event;
  }

  take(): SimEvent | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last !== undefined && last !== first) {
      this.#sink(last);
    }
    return first;
  }

  #sink(event: SimEvent): void {
    const events = this.#events;
    let index = 0;
    for (;;) {
      const child = this.#lesserChild(index);
      const below = events[child];
      if (below === undefined || !comesBefore(below, event)) {
        break;
      }
      events[index] = below;
      index = child;
    }
    events[index] = event;
  }

  #lesserChild(index: number): number {
    const [left, right] = [2 * index + 1, 2 * index + 2];
    const [a, b] = [this.#events[left], this.#events[right]];
    return a !== undefined && b !== undefined && comesBefore(b, a) ? right : left;
  }
}
