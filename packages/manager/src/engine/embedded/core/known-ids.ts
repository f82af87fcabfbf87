/** Ids remembered one by one, before they become part of what lies below the mark. */
const RECENT_MAX = 16_384;

/**
 * Which task ids may be on disk. Ids ascend with time, so that nearly every new
 * one lies above all that were there: what is above the mark and not among those
 * that came since the mark was set is new, and the disk need not be asked. An id
 * of a user's own that sorts high raises the mark, and costs no more than the look.
 *
 * Invariant: every id on disk is at or below the mark, or among the recent.
 */
export class KnownIds {
  #mark: string;
  #highest: string;
  readonly #recent = new Set<string>();

  /** @param highest the highest id on disk */
  constructor(highest: string) {
    this.#mark = highest;
    this.#highest = highest;
  }

  mayHave(taskId: string): boolean {
    return taskId <= this.#mark || this.#recent.has(taskId);
  }

  /** A task with this id will be written. */
  add(taskId: string): void {
    this.#recent.add(taskId);
    if (taskId > this.#highest) {
      this.#highest = taskId;
    }
    if (this.#recent.size >= RECENT_MAX) {
      this.#mark = this.#highest;
      this.#recent.clear();
    }
  }
}
