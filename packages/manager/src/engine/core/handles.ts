/** A queue, a task name and a version, as a claimant names the tasks that it takes. */
export interface Handle {
  readonly queue: string;
  readonly name: string;
  /** Default 1. */
  readonly version?: number | undefined;
}

/** The key of the lane of one version of a task name in one queue. */
export const laneKeyOf = ({ name, queue, version = 1 }: Handle): string =>
  version === 1 ? `${queue}\0${name}` : `${queue}\0${name}\0${version}`;

/** A lane as an engine knows it. */
interface NumberedLane {
  readonly key: string;
  readonly number: number;
}

const NOWHERE = -1;

/**
 * A list of handles, and the position in it of each lane of one engine. A claimant makes
 * it once: looking up a lane costs the same however many handles there are.
 */
export class Handles {
  readonly list: readonly Handle[];
  /** The lanes, in the order of the list. */
  readonly laneKeys: readonly string[];
  readonly #positions = new Map<string, number>();
  /** Answers of `positionOf` for each lane of the engine, by its number. */
  readonly #byNumber: number[] = [];

  constructor(list: readonly Handle[]) {
    this.list = list;
    this.laneKeys = list.map(laneKeyOf);
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

  /** As `positionOf`, for a numbered lane: its key is looked up once. */
  positionOfLane({ key, number }: NumberedLane): number | undefined {
    let position = this.#byNumber[number];
    if (position === undefined) {
      position = this.positionOf(key) ?? NOWHERE;
      this.#byNumber[number] = position;
    }
    return position === NOWHERE ? undefined : position;
  }
}
