import { laneOfKey, metaKey, rangeOf, timeIndexes } from './rows/keys.ts';
import { LAYOUT, migrate } from './rows/layouts.ts';
import { decodeLeases, type LeaseRecord } from './rows/lease-record.ts';
import { ListRow } from './rows/list-row.ts';
import { decodeNumbers, encodeNumbers } from './rows/numbers.ts';
import { decodeQueues, type QueueRecord } from './rows/queue-record.ts';
import { loadSchedules } from './schedules.ts';
import type { Now, State } from './state.ts';
import type { Task } from './task.ts';
import { restoreLease } from './transitions.ts';

const ALL = Number.MAX_SAFE_INTEGER;

const readNumber = (state: State, name: 'version' | 'epoch' | 'retained'): number | undefined => {
  const record = state.journal.get(metaKey(name));
  return record === undefined ? undefined : decodeNumbers(record)[0];
};

/** @throws STORE_VERSION when this millrace cannot read the store, or the disk has no room to migrate it */
const loadLayout = (state: State): void => {
  const { batch, journal, options } = state;
  const software = journal.get(metaKey('software'));
  const writes = migrate({
    rows: journal,
    space: () => journal.space(),
    layout: readNumber(state, 'version') ?? LAYOUT,
    software: software && Buffer.from(software).toString(),
  });
  batch.writes.push(...writes);
  batch.put(metaKey('version'), encodeNumbers([LAYOUT]));
  batch.put(metaKey('software'), Buffer.from(options.software));
};

const loadLanes = (state: State): void => {
  for (const { key, value } of state.journal.range(...rangeOf('lane'), ALL)) {
    const { name, queue, version } = laneOfKey(key);
    const number = decodeNumbers(value)[0] ?? 0;
    state.addLane(number, state.foundQueue(queue), name, version, false);
  }
};

interface FoundQueue {
  readonly record: QueueRecord;
  readonly rowKey: string;
}

/** The record of each queue. If several rows name a queue, the last row counts. */
export const queuesOnDisk = (state: State): Map<string, FoundQueue> => {
  const found = new Map<string, FoundQueue>();
  for (const { key, value } of state.journal.range(...rangeOf('counters'), ALL)) {
    for (const record of decodeQueues(value)) {
      found.set(record.queue, { record, rowKey: key });
    }
  }
  return found;
};

export interface FoundLease {
  readonly record: LeaseRecord;
  readonly task: Task;
  readonly rowKey: string;
}

/** On disk a leased task is ready: only the lease row says that it is leased. */
export const isInForce = (
  { arrivalCount, arrivalEpoch, grant }: LeaseRecord,
  task: Pick<Task, 'state' | 'grants' | 'arrival'>,
): boolean =>
  task.state === 'ready' &&
  grant > task.grants &&
  arrivalEpoch === task.arrival.epoch &&
  arrivalCount === task.arrival.count;

/**
 * The leases in force. A lease is over when its task was written since, which raised the
 * grant number on disk, or when the task's id was forgotten and given to a task that
 * arrived later. If two rows name the same grant, the later row says whether its
 * cancellation was requested.
 *
 * @param find a task as the disk has it
 */
export const leasesInForce = (
  state: State,
  find: (taskId: string) => Task | undefined,
): Map<string, FoundLease> => {
  const found = new Map<string, FoundLease>();
  for (const { key, value } of state.journal.range(...rangeOf('lease'), ALL)) {
    for (const record of decodeLeases(value)) {
      const task = found.get(record.taskId)?.task ?? find(record.taskId);
      if (task !== undefined && isInForce(record, task)) {
        found.set(record.taskId, { record, task, rowKey: key });
      }
    }
  }
  return found;
};

/** Rows that are still in use, with the number of entries that count. */
class RowsInUse {
  readonly #rows = new Map<string, ListRow>();

  /** Counts one more entry in the row of this key. */
  use(key: string): ListRow {
    const row = this.#rows.get(key) ?? new ListRow(key, 0);
    this.#rows.set(key, row);
    row.join();
    return row;
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }
}

const loadQueues = (state: State): void => {
  const rows = new RowsInUse();
  for (const { record, rowKey } of queuesOnDisk(state).values()) {
    state.foundQueue(record.queue).restore(record, rows.use(rowKey));
  }
};

/** Leases outlive the manager: their sessions have a grace to come back. */
const loadLeases = (state: State, now: Now): void => {
  const rows = new RowsInUse();
  const found = leasesInForce(state, (taskId) => state.find(taskId));
  for (const { record, rowKey, task } of found.values()) {
    const session = state.sessionFor(record.sessionId);
    session.graceEndsAtMs = now.monotonicMs + state.options.restartGraceMs;
    state.gracing.add(session);
    restoreLease(state, task, session, record, rows.use(rowKey), now);
  }
  for (const { key } of state.journal.range(...rangeOf('lease'), ALL)) {
    if (!rows.has(key)) {
      state.batch.remove(key);
    }
  }
};

/**
 * Reads what a start needs: lanes, counters, leases, the next due times. The
 * backlog stays on disk. Raises the epoch; it counts once the batch is durable.
 *
 * @throws STORE_VERSION, STORE_FAILED
 */
export const load = (state: State, freshSecret: Uint8Array, now: Now): void => {
  loadLayout(state);
  state.epoch = (readNumber(state, 'epoch') ?? 0) + 1;
  state.retainedBytes = readNumber(state, 'retained') ?? 0;
  state.secret = state.journal.get(metaKey('secret')) ?? freshSecret;
  state.batch.put(metaKey('epoch'), encodeNumbers([state.epoch]));
  state.batch.put(metaKey('secret'), state.secret);
  loadLanes(state);
  loadQueues(state);
  loadLeases(state, now);
  loadSchedules(state);
  for (const index of timeIndexes) {
    state.peekTime(index);
  }
};
