import { HashSet } from '../../../structures/hash-set.ts';
import { isInForce } from '../load.ts';
import {
  atMsOfTimeKey,
  laneNumberOfReadyKey,
  priorityOfReadyKey,
  type TaskTimeIndex,
} from '../rows/keys.ts';
import type { LeaseRecord } from '../rows/lease-record.ts';
import { isListedIn } from './is-listed-in.ts';
import type { FindLease, StoredTask } from './stored-task.ts';

interface StoredLease {
  readonly rowKey: string;
  readonly record: LeaseRecord;
}

/** Indexes whose rows come before the tasks in the order of keys. */
const before = ['due', 'expiry', 'dead'] as const;

/** The name by which an index lists a task. It has the time only where a sweep compares the time. */
const nameIn = (index: TaskTimeIndex, id: string, atMs: number): string =>
  index === 'due' ? `${atMs} ${id}` : id;

/**
 * Compares the rows of all indexes with the tasks, in one pass in order of the keys. A row may
 * name tasks that have moved on, with two exceptions: a lease row must name a leased task, and a
 * row of tombstones must name tombstones only. The check takes some 30 bytes of memory for each
 * task and a few hundred for each lease.
 */
export class IndexCheck {
  readonly #find: (finding: string) => void;
  readonly #ready = new HashSet();
  readonly #named: Readonly<Record<(typeof before)[number], HashSet>> = {
    due: new HashSet(),
    expiry: new HashSet(),
    dead: new HashSet(),
  };
  /** Finished tasks and tombstones, whose rows come behind the tasks. */
  readonly #finished = new HashSet();
  readonly #tombstones = new HashSet();
  readonly #leases = new Map<string, StoredLease[]>();
  /** Keys of lease rows without a lease that was found to be in force. */
  readonly #idleLeaseRows = new Set<string>();

  constructor(find: (finding: string) => void) {
    this.#find = find;
  }

  leases(rowKey: string, records: readonly LeaseRecord[]): void {
    this.#idleLeaseRows.add(rowKey);
    for (const record of records) {
      const others = this.#leases.get(record.taskId) ?? [];
      others.push({ rowKey, record });
      this.#leases.set(record.taskId, others);
    }
  }

  ready(key: string, ids: readonly string[]): void {
    const place = `${laneNumberOfReadyKey(key)} ${priorityOfReadyKey(key)}`;
    for (const id of ids) {
      this.#ready.add(`${place} ${id}`);
    }
  }

  times(index: TaskTimeIndex, key: string, ids: readonly string[]): void {
    for (const id of ids) {
      if (index === 'retention') {
        this.#finished.mark(id);
      } else if (index === 'tombstone') {
        this.#expectTombstone(id);
      } else {
        this.#named[index].add(nameIn(index, id, atMsOfTimeKey(key)));
      }
    }
  }

  /** The lease of a task that is in force, from the last row that has one. */
  readonly leaseOf: FindLease = (task) => {
    const held = this.#leases.get(task.id)?.findLast(({ record }) => isInForce(record, task));
    if (held !== undefined) {
      this.#idleLeaseRows.delete(held.rowKey);
    }
    return held?.record;
  };

  task(task: StoredTask): void {
    const { id, laneNumber, priority } = task;
    if (task.state === 'ready' && !this.#ready.mark(`${laneNumber} ${priority} ${id}`)) {
      this.#missing(task, 'ready');
    }
    for (const index of before) {
      if (isListedIn[index](task) && !this.#named[index].mark(nameIn(index, id, task.dueAtMs))) {
        this.#missing(task, index);
      }
    }
    if (isListedIn.retention(task)) {
      this.#finished.add(id);
    }
    if (isListedIn.tombstone(task)) {
      this.#tombstones.add(id);
    }
  }

  /** Call this after all rows. */
  end(): void {
    this.#expectAllNamed(this.#finished, 'finished tasks', 'retention');
    this.#expectAllNamed(this.#tombstones, 'tombstones', 'tombstone');
    for (const key of this.#idleLeaseRows) {
      this.#find(`the lease row ${JSON.stringify(key)} names no leased task`);
    }
  }

  #missing({ id, state }: StoredTask, index: string): void {
    this.#find(`no ${index} row names the task ${JSON.stringify(id)}, which is ${state}`);
  }

  #expectTombstone(id: string): void {
    if (!this.#tombstones.mark(id)) {
      this.#find(`a tombstone row names ${JSON.stringify(id)}, which is no tombstone`);
    }
  }

  #expectAllNamed(tasks: HashSet, what: string, index: string): void {
    if (tasks.unmarked > 0) {
      this.#find(`${what} that no ${index} row names: ${tasks.unmarked}`);
    }
  }
}
