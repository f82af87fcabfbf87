import { TurnoverMap, taskIdStem } from '@millrace/protocol';
import { tuning } from '../../tuning.ts';

/**
 * The tasks in memory, and a filter for ids that may be on disk. Ids ascend with time:
 * nearly every new id lies above all others, and the disk need not be asked for it. The
 * disk is asked for every id up to a mark, and above the mark for ids whose stem is
 * remembered. All ids of one client and millisecond share a stem; it is remembered when
 * one of them leaves memory. When there are too many stems, the mark rises to the highest
 * id. A high id that a user has made up costs only needless lookups.
 *
 * Invariant: every id on disk is at or below the mark, or in memory, or has a stem
 * that is remembered.
 */
export class KnownTasks<T> {
  readonly #inMemory = new TurnoverMap<string, T>();
  /** Stems of the ids that left memory since the mark was set. */
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

  /** Memory no longer holds this task; the disk may. */
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
    // Nearly always the stem is the last one again.
    if (stem === this.#lastStem) {
      return;
    }
    if (this.#stems.size === tuning.idStemsMax) {
      this.#mark = this.#highest;
      this.#stems.clear();
    }
    this.#stems.add(stem);
    this.#lastStem = stem;
  }
}
