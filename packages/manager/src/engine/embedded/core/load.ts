import { MillraceError } from '@millrace/protocol';
import {
  laneOfKey,
  metaKey,
  queueOfCountersKey,
  rangeOf,
  STORE_VERSION,
  timeIndexes,
} from './keys.ts';
import { decodeLeases, type LeaseRecord, ListRow } from './list-row.ts';
import { decodeNumbers, encodeNumbers } from './number-record.ts';
import type { Now, State } from './state.ts';
import type { Task } from './task.ts';
import { restoreLease } from './transitions.ts';
import { openSession } from './verbs/sessions.ts';

const ALL = Number.MAX_SAFE_INTEGER;

const readNumber = (state: State, name: 'version' | 'epoch' | 'retained'): number | undefined => {
  const record = state.journal.get(metaKey(name));
  return record === undefined ? undefined : decodeNumbers(record)[0];
};

/** @throws STORE_VERSION when another version wrote the store */
const checkVersion = (state: State): void => {
  const version = readNumber(state, 'version') ?? STORE_VERSION;
  if (version !== STORE_VERSION) {
    throw new MillraceError(
      'STORE_VERSION',
      `the store has version ${version}, this manager reads version ${STORE_VERSION}: run the millrace that wrote it`,
    );
  }
};

const loadLanes = (state: State): void => {
  for (const { key, value } of state.journal.range(...rangeOf('lane'), ALL)) {
    const { name, queue } = laneOfKey(key);
    state.addLane(decodeNumbers(value)[0] ?? 0, state.foundQueue(queue), name, false);
  }
  for (const { key, value } of state.journal.range(...rangeOf('counters'), ALL)) {
    state.foundQueue(queueOfCountersKey(key)).decodeCounters(value);
  }
};

export interface FoundLease {
  readonly record: LeaseRecord;
  readonly task: Task;
  readonly rowKey: string;
}

const isInForce = ({ arrival, grant }: LeaseRecord, task: Task): boolean =>
  task.state === 'ready' &&
  grant > task.grants &&
  arrival.epoch === task.arrival.epoch &&
  arrival.count === task.arrival.count;

/**
 * The leases in force: a row names a lease that is over when its task was
 * written since, which raised the grant number on disk, or when its id was
 * forgotten and given to a task that arrived later. Of two rows that name
 * the same grant the later says whether its cancellation was requested.
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

const countBy = (keys: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
};

/** Leases outlive the manager: their sessions have a grace to come back. */
const loadLeases = (state: State, now: Now): void => {
  const found = [...leasesInForce(state, (taskId) => state.find(taskId)).values()];
  const counts = countBy(found.map(({ rowKey }) => rowKey));
  const rows = new Map([...counts].map(([key, count]) => [key, new ListRow(key, count)]));
  for (const { record, rowKey, task } of found) {
    task.cancelRequested = record.cancelRequested;
    const session = openSession(state, record.sessionId);
    session.graceEndsAtMs = now.monotonicMs + state.options.restartGraceMs;
    state.gracing.add(session);
    restoreLease(state, task, session, record, rows.get(rowKey) ?? new ListRow(rowKey, 1), now);
  }
  for (const { key } of state.journal.range(...rangeOf('lease'), ALL)) {
    if (!counts.has(key)) {
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
  checkVersion(state);
  state.epoch = (readNumber(state, 'epoch') ?? 0) + 1;
  state.retainedBytes = readNumber(state, 'retained') ?? 0;
  state.secret = state.journal.get(metaKey('secret')) ?? freshSecret;
  state.batch.put(metaKey('version'), encodeNumbers([STORE_VERSION]));
  state.batch.put(metaKey('epoch'), encodeNumbers([state.epoch]));
  state.batch.put(metaKey('secret'), state.secret);
  loadLanes(state);
  loadLeases(state, now);
  for (const index of timeIndexes) {
    state.peekTime(index);
  }
};
