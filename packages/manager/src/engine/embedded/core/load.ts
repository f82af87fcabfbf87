import { MillraceError } from '@millrace/protocol';
import {
  laneOfKey,
  metaKey,
  queueOfCountersKey,
  rangeOf,
  STORE_VERSION,
  taskIdOfLeaseKey,
  timeIndexes,
} from './keys.ts';
import { decodeNumbers, encodeNumbers } from './number-record.ts';
import type { Now, State } from './state.ts';
import { decodeLease } from './task-record.ts';
import { restoreLease } from './transitions.ts';
import { openSession } from './verbs/sessions.ts';

const ALL = Number.MAX_SAFE_INTEGER;

const readNumber = (state: State, name: 'version' | 'epoch' | 'retained'): number | undefined => {
  const record = state.journal.get(metaKey(name));
  return record === undefined ? undefined : decodeNumbers(record)[0];
};

/** @throws STORE_VERSION when a newer version wrote the store */
const checkVersion = (state: State): void => {
  const version = readNumber(state, 'version') ?? STORE_VERSION;
  if (version > STORE_VERSION) {
    throw new MillraceError(
      'STORE_VERSION',
      `the store has version ${version}, this manager reads up to ${STORE_VERSION}: run the newer millrace`,
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

/** Leases outlive the manager: their sessions have a grace to come back. */
const loadLeases = (state: State, now: Now): void => {
  for (const { key, value } of state.journal.range(...rangeOf('lease'), ALL)) {
    const record = decodeLease(value);
    const taskId = taskIdOfLeaseKey(key);
    const task = state.find(taskId);
    if (task === undefined) {
      throw new MillraceError(
        'STORE_FAILED',
        `the store has a lease of task ${taskId}, and no such task`,
      );
    }
    task.cancelRequested = record.cancelRequested;
    const session = openSession(state, record.sessionId);
    session.graceEndsAtMs = now.monotonicMs + state.options.restartGraceMs;
    state.gracing.add(session);
    restoreLease(state, task, session, record, now);
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
