import { TurnoverMap, taskIdStem } from '@millrace/protocol';

/** How many stems of ids are remembered, before they become part of what lies below the mark. */
const STEMS_MAX = 16_384;

/**
 * The tasks in memory, and which ids may be on disk beside them. Ids ascend with
 * time, so that nearly every new one lies above all that were there, or above the
 * mark and beside none that left since the mark was set: it is new, and the disk
 * need not be asked. Of ids that left, what those of one client and millisecond
 * have in common is remembered once. An id of a user's own that sorts high raises
 * the mark, and costs no more than the look.
 *
 * Invariant: every id on disk is at or below the mark, or in memory, or has a stem
 * that is remembered.
 */
export class KnownTasks<T> {
  readonly #inMemory = new TurnoverMap<string, T>();
  /** Of ids that left memory since the mark was set. */
  readonly #stems = new Set<string>();
  #lastStem = '';
  #mark: string;
  #highest: string;

  /** @param highest the highest id on disk */
  constructor(highest: string) {
    this.#mark = highest;
    this.#highest = highest;
  }

  /** The task in memory; `null` when it may be on disk; `undefined` when the id is new. */
  look(taskId: string): T | null | undefined {
    if (taskId > this.#highest) {
      return undefined;
    }
    return this.#inMemory.get(taskId) ?? (this.#mayBeOnDisk(taskId) ? null : undefined);
  }

  /** The task in memory. */
  get(taskId: string): T | undefined {
    return this.#inMemory.get(taskId);
  }

  /** From now on memory holds this task. */
  add(taskId: string, task: T): void {
    this.#inMemory.set(taskId, task);
    if (taskId > this.#highest) {
      this.#highest = taskId;
    }
  }

  /** Memory, which held it, holds it no longer; the disk may. */
  leave(taskId: string): void {
    this.#inMemory.delete(taskId);
    if (taskId > this.#mark) {
      this.#remember(taskIdStem(taskId));
    }
  }

  /** The tasks in memory; for audits. */
  values(): Iterable<T> {
    return this.#inMemory.values();
  }

  #mayBeOnDisk(taskId: string): boolean {
    return taskId <= this.#mark || this.#stems.has(taskIdStem(taskId));
  }

  #remember(stem: string): void {
    // Nearly always it is the one before, and need not be looked up.
    if (stem === this.#lastStem) {
      return;
    }
    if (this.#stems.size === STEMS_MAX) {
      this.#mark = this.#highest;
      this.#stems.clear();
    }
    this.#stems.add(stem);
    this.#lastStem = stem;
  }
}
