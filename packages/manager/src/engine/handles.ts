/** Tasks of one name in one queue, as somebody who takes them says it. */
export interface Handle {
  readonly queue: string;
  readonly name: string;
}

/** Names a lane: the tasks of one name in one queue. */
export const laneKeyOf = (queue: string, name: string): string => `${queue}\0${name}`;

/**
 * A list of handles, and where in it each lane stands. Whoever asks often makes
 * it once: to look up a lane costs the same however many handles there are.
 */
export class Handles {
  readonly list: readonly Handle[];
  /** The lanes, in the order of the list. */
  readonly laneKeys: readonly string[];
  readonly #positions = new Map<string, number>();

  constructor(list: readonly Handle[]) {
    this.list = list;
    this.laneKeys = list.map(({ name, queue }) => laneKeyOf(queue, name));
    for (const [position, laneKey] of this.laneKeys.entries()) {
      if (!this.#positions.has(laneKey)) {
        this.#positions.set(laneKey, position);
      }
    }
  }

  /** The first position of a lane. */
  positionOf(laneKey: string): number | undefined {
    return this.#positions.get(laneKey);
  }
}
