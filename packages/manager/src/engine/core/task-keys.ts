import { limits } from '@millrace/protocol';
import { wholeSecond } from './retained.ts';
import { decodeHeldKey, encodeHeldKey, type HeldKey } from './rows/held-key-record.ts';
import { aliasKey, heldKeyKey, type KeyKind, type KeyPlace } from './rows/keys.ts';
import type { Now, State } from './state.ts';
import type { Task, TaskLane } from './task.ts';

/**
 * Task keys: texts that a producer gives its tasks, so that the same work is queued once. A key
 * belongs to a queue and a task name, and a row says which task holds it.
 */

const placeIn = (lane: TaskLane, kind: KeyKind, key: string): KeyPlace => ({
  queue: lane.queue.spec.name,
  name: lane.name,
  version: lane.version,
  kind,
  key,
});

/** The task that holds a key now. A key whose time has passed is free, even before its row is swept. */
export const holderOf = (state: State, place: KeyPlace, now: Now): string | undefined => {
  const row = state.side.get(heldKeyKey(place));
  if (row === undefined) {
    return undefined;
  }
  const { expiresAtMs, taskId } = decodeHeldKey(row);
  return expiresAtMs === undefined || expiresAtMs > now.wallMs ? taskId : undefined;
};

/** Writes a row, and lists it in the index by which a sweep removes it at its time. */
const writeUntil = (state: State, row: string, taskId: string, atMs: number): void => {
  const expiresAtMs = wholeSecond(atMs);
  state.side.put(state.batch, row, encodeHeldKey({ taskId, expiresAtMs }));
  state.batch.putTime('keys', expiresAtMs, row);
};

/** Gives a task a key for a time, whatever becomes of the task. */
export const holdFor = (
  state: State,
  place: KeyPlace,
  taskId: string,
  forMs: number,
  now: Now,
): void => writeUntil(state, heldKeyKey(place), taskId, now.wallMs + forMs);

/** Where the idempotency key of a task is looked up, if it has one. */
export const placeOfKey = ({ extras, lane }: Task): KeyPlace | undefined =>
  extras?.key === undefined ? undefined : placeIn(lane, 'once', extras.key);

const keysOf = ({ extras, lane }: Task): readonly KeyPlace[] => [
  ...(extras?.key === undefined ? [] : [placeIn(lane, 'once', extras.key)]),
  ...(extras?.debounceKey === undefined ? [] : [placeIn(lane, 'latest', extras.debounceKey)]),
];

/** The keys of the rows that say which keys a task holds. */
export const rowsOfKeys = (task: Task): string[] => keysOf(task).map(heldKeyKey);

/** Gives a new task its keys, which it holds until it ends. */
export const takeKeys = (state: State, task: Task): void => {
  const held: HeldKey = { taskId: task.id, expiresAtMs: undefined };
  for (const place of keysOf(task)) {
    state.side.put(state.batch, heldKeyKey(place), encodeHeldKey(held));
  }
};

/** Frees the keys of a task that has ended, except keys that another task has taken. */
export const releaseKeys = (state: State, task: Task): void => {
  for (const place of keysOf(task)) {
    const row = heldKeyKey(place);
    const record = state.side.get(row);
    if (record !== undefined && decodeHeldKey(record).taskId === task.id) {
      state.side.remove(state.batch, row);
    }
  }
};

/** Notes which task an enqueue became part of, so that a resent copy of the enqueue changes nothing. */
export const writeAlias = (state: State, ownId: string, taskId: string, now: Now): void =>
  writeUntil(state, aliasKey(ownId), taskId, now.wallMs + limits.tombstoneMs);

/** The task that an enqueue with this id became part of. */
export const aliasOf = (state: State, ownId: string): string | undefined => {
  const row = state.side.get(aliasKey(ownId));
  return row === undefined ? undefined : decodeHeldKey(row).taskId;
};

/** Removes a row whose time has come, unless a later write gave it another time. */
export const sweepKey = (state: State, row: string, atMs: number): void => {
  const record = state.side.get(row);
  if (record !== undefined && decodeHeldKey(record).expiresAtMs === atMs) {
    state.side.remove(state.batch, row);
  }
};
