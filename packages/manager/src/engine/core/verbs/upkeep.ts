import type { TaskError } from '@millrace/protocol';
import { atMsOfTimeKey, type TimeIndex, timeRange } from '../rows/keys.ts';
import { decodeIds } from '../rows/list-row.ts';
import type { Now, State } from '../state.ts';
import { type Task, tokenOf } from '../task.ts';
import { isFinished } from '../task-machine.ts';
import {
  fallDue,
  finish,
  forgetTask,
  removeResult,
  retainedUntilMs,
  retainMs,
} from '../transitions.ts';
import { expireSessions } from './sessions.ts';
import { failAttempt } from './settle.ts';

/** Rows read at a time, and tasks after which a sweep leaves the rest to the next batch. */
const SWEEP_ROWS = 1_000;
const SWEEP_TASKS = 2_000;

const fencedError: TaskError = {
  name: 'DeadlineExceeded',
  message: 'the attempt did not end within its deadline and kill grace; it was fenced off',
  stack: '',
  retry: true,
};

/** Fences the attempts that outlived deadline and kill: their tokens are worth nothing from now on. */
const fenceOverdue = (state: State, now: Now): void => {
  for (;;) {
    const { first } = state.fences;
    if (first === undefined || first.atMs > now.monotonicMs) {
      return;
    }
    const { lease } = first;
    const { holder, task } = lease;
    state.batch.aborts.push({ sessionId: holder.id, token: tokenOf(lease), reason: 'fenced' });
    failAttempt(state, task, fencedError, now);
  }
};

/** Handles one task of a row that has come due. A row that no longer fits its task is left over and says nothing. */
type HandleTask = (state: State, task: Task, atMs: number, now: Now) => void;

/** An id that was forgotten may be given to another task, which old rows do not concern. */
const endRetention: HandleTask = (state, task, atMs, now) => {
  if (isFinished(task.state) && !task.isTombstone && retainedUntilMs(task) === atMs) {
    removeResult(state, task, now);
  }
};

const handlers: Readonly<Record<TimeIndex, HandleTask>> = {
  due(state, task, atMs) {
    if (task.state === 'scheduled' && task.dueAtMs === atMs) {
      fallDue(state, task);
    }
  },
  expiry(state, task, atMs, now) {
    if (task.expiresAtMs === atMs && task.grants === 0 && !isFinished(task.state)) {
      finish(state, task, 'expired', {}, now);
    }
  },
  retention: endRetention,
  dead: endRetention,
  tombstone(state, task) {
    if (task.isTombstone) {
      forgetTask(state, task);
    }
  },
};

const keepsTooMuch = ({ options, retainedBytes }: State): boolean =>
  retainedBytes > options.retainMaxBytes;

/** Of the two indexes of finished tasks the one whose first ended earlier. */
const oldestKept = ({ nextAtMs }: State): TimeIndex =>
  nextAtMs.dead - retainMs.dead < nextAtMs.retention - retainMs.succeeded ? 'dead' : 'retention';

/** How far an index is handled: up to now, or on to the next row while finished tasks take too much space. */
export const horizonMs = (state: State, index: TimeIndex, now: Now): number =>
  keepsTooMuch(state) && index === oldestKept(state) ? Number.MAX_SAFE_INTEGER : now.wallMs;

/**
 * Handles the rows of one time index that have come due. Answers whether it
 * changed anything: then the same rows must not be read again before the batch
 * is durable.
 */
export const sweep = (state: State, index: TimeIndex, now: Now): boolean => {
  const untilMs = horizonMs(state, index, now);
  if (state.nextAtMs[index] > untilMs) {
    return false;
  }
  const [from, to] = timeRange(index, untilMs);
  const rows = state.journal.range(from, to, SWEEP_ROWS);
  const lastKey = rows.length === SWEEP_ROWS ? rows.at(-1)?.key : undefined;
  // What is left over is not read before the batch is durable, and until then tells which index has the oldest.
  state.nextAtMs[index] = lastKey === undefined ? Number.POSITIVE_INFINITY : atMsOfTimeKey(lastKey);
  if (rows.length === 0) {
    // A purge took the row that was next; nothing was changed, so the disk can be asked at once.
    state.peekTime(index);
    return false;
  }
  let handled = 0;
  for (const { key, value } of rows) {
    const atMs = atMsOfTimeKey(key);
    const endMs = keepsTooMuch(state) ? untilMs : now.wallMs;
    if (atMs > endMs || handled >= SWEEP_TASKS) {
      state.nextAtMs[index] = atMs;
      break;
    }
    const taskIds = decodeIds(value);
    for (const taskId of taskIds) {
      const task = state.find(taskId);
      if (task !== undefined) {
        handlers[index](state, task, atMs, now);
      }
    }
    handled += taskIds.length;
    state.batch.remove(key);
  }
  return true;
};

/** What time alone brings about, apart from the time indexes. */
export const passTime = (state: State, now: Now): void => {
  expireSessions(state, now);
  fenceOverdue(state, now);
};
