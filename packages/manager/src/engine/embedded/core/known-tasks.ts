/** How many ids are remembered one by one after their tasks left, before they become part of what lies below the mark. */
const GONE_MAX = 16_384;

/**
 * The tasks in memory, and which ids may be on disk beside them. Ids ascend with
 * time, so that nearly every new one lies above all that were there: what is
 * above the mark, and no task of it came since the mark was set, is new, and the
 * disk need not be asked. An id of a user's own that sorts high raises the mark,
 * and costs no more than the look.
 *
 * Invariant: every id on disk is at or below the mark, or an entry here.
 */
export class KnownTasks<T> {
  /** `null`: it left memory since the mark was set. */
  readonly #entries = new Map<string, T | null>();
  #mark: string;
  #highest: string;
  #gone = 0;

  /** @param highest the highest id on disk */
  constructor(highest: string) {
    this.#mark = highest;
    this.#highest = highest;
  }

  /** The task in memory; `null` when it may be on disk; `undefined` when the id is new. */
  look(taskId: string): T | null | undefined {
    const entry = this.#entries.get(taskId);
    return entry === undefined && taskId <= this.#mark ? null : entry;
  }

  /** The task in memory. */
  get(taskId: string): T | undefined {
    return this.#entries.get(taskId) ?? undefined;
  }

  /** From now on memory holds this task. */
  add(taskId: string, task: T): void {
    this.#entries.set(taskId, task);
    if (taskId > this.#highest) {
      this.#highest = taskId;
    }
  }

  /** Memory holds it no longer; the disk may. */
  leave(taskId: string): void {
    if (taskId <= this.#mark) {
      this.#entries.delete(taskId);
      return;
    }
    this.#entries.set(taskId, null);
    this.#gone += 1;
    // The more there is to look through, the more rarely.
    if (this.#gone >= Math.max(GONE_MAX, this.#entries.size / 2)) {
      this.#raiseMark();
    }
  }

  /** The tasks in memory; for audits. */
  *values(): Generator<T> {
    for (const task of this.#entries.values()) {
      if (task !== null) {
        yield task;
      }
    }
  }

  #raiseMark(): void {
    this.#mark = this.#highest;
    this.#gone = 0;
    for (const [taskId, task] of this.#entries) {
      if (task === null) {
        this.#entries.delete(taskId);
      }
    }
  }
}
