import { tuning } from '../../tuning.ts';
import type { Row } from '../store/journal.ts';
import { fencedError } from './attempt-errors.ts';
import { retainedUntilMs, retainMs } from './retained.ts';
import {
  atMsOfTimeKey,
  type TaskTimeIndex,
  type TimeIndex,
  timeIndexes,
  timeRange,
} from './rows/keys.ts';
import { decodeIds, encodeIds } from './rows/list-row.ts';
import { heedStepBack, wasSetBack } from './schedules.ts';
import type { Now, State } from './state.ts';
import { type Task, tokenOf } from './task.ts';
import { sweepKey } from './task-keys.ts';
import { isFinished } from './task-machine.ts';
import {
  failAttempt,
  fallDue,
  finish,
  forgetTask,
  loseAttempt,
  removeResult,
} from './transitions.ts';

/** Ends the sessions whose grace is over. */
const expireSessions = (state: State, now: Now): void => {
  for (const session of state.gracing) {
    if (session.graceEndsAtMs <= now.monotonicMs) {
      state.forgetSession(session);
      const lost = session.leases.entries();
      for (const { isIsolated, task } of lost) {
        loseAttempt(state, task, isIsolated || lost.length > 1, now);
      }
    }
  }
};

/** Fences attempts that outlived deadline and kill grace: their tokens are void from now on. */
const fenceOverdue = (state: State, now: Now): void => {
  for (;;) {
    const { first } = state.fences;
    if (first === undefined || first.atMs > now.monotonicMs) {
      return;
    }
    const { lease } = first;
    const { holder, task } = lease;
    state.batch.aborts.push({ sessionId: holder.id, token: tokenOf(lease), reason: 'fenced' });
    failAttempt(state, task, { kind: 'timed-out', error: fencedError }, now);
  }
};

/**
 * Handles one task of a row that has come due. A row may name a task that has moved on; such a
 * task is left alone.
 */
type HandleTask = (state: State, task: Task, atMs: number, now: Now) => void;

/**
 * The times are compared, because a forgotten id may have been given to another task, which an
 * old row does not concern.
 */
const endRetention: HandleTask = (state, task, atMs, now) => {
  if (isFinished(task.state) && !task.isTombstone && retainedUntilMs(task) === atMs) {
    removeResult(state, task, now);
  }
};

const handlers: Readonly<Record<TaskTimeIndex, HandleTask>> = {
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

/** Fires the due ticks of a schedule, and answers what that cost, in tasks. Adding tasks is above this room. */
export type FireSchedule = (state: State, name: string, atMs: number, now: Now) => number;

/**
 * Handles one entry of a row that has come due: a task, the row of a key, or a schedule. Answers
 * what that cost, in tasks.
 */
const handle = (
  state: State,
  index: TimeIndex,
  entry: string,
  atMs: number,
  now: Now,
  fire: FireSchedule,
): number => {
  if (index === 'ticks') {
    return fire(state, entry, atMs, now);
  }
  if (index === 'keys') {
    sweepKey(state, entry, atMs);
    return 1;
  }
  const task = state.find(entry);
  if (task !== undefined) {
    handlers[index](state, task, atMs, now);
  }
  return 1;
};

/**
 * Handles a row. One schedule may cost many tasks, so a row of schedules is handled as far as may be
 * spent, and the rest is put back; any other row is handled as a whole.
 */
const handleRow = (
  state: State,
  index: TimeIndex,
  { key, value }: Row,
  budget: number,
  now: Now,
  fire: FireSchedule,
): number => {
  const atMs = atMsOfTimeKey(key);
  const entries = decodeIds(value);
  let spent = 0;
  let done = 0;
  const most = index === 'ticks' ? budget : Number.POSITIVE_INFINITY;
  while (done < entries.length && spent < most) {
    spent += handle(state, index, entries[done] ?? '', atMs, now, fire);
    done += 1;
  }
  if (done < entries.length) {
    state.batch.put(key, encodeIds(entries.slice(done)));
    state.nextAtMs[index] = atMs;
  } else {
    state.batch.remove(key);
  }
  return spent;
};

const keepsTooMuch = ({ options, retainedBytes }: State): boolean =>
  retainedBytes > options.retainMaxBytes;

/** The time index, `dead` or `retention`, that has the finished task which ended first. */
const indexOfOldest = ({ nextAtMs }: State): TimeIndex =>
  nextAtMs.dead - retainMs.dead < nextAtMs.retention - retainMs.succeeded ? 'dead' : 'retention';

/** How far an index is handled: up to now, or further while finished tasks take too much space. */
const horizonMs = (state: State, index: TimeIndex, now: Now): number =>
  keepsTooMuch(state) && index === indexOfOldest(state) ? Number.MAX_SAFE_INTEGER : now.wallMs;

/**
 * Handles the rows of one time index that have come due. Answers whether it changed
 * anything: if so, the same rows must not be read again before the batch is durable.
 */
const sweep = (state: State, index: TimeIndex, now: Now, fire: FireSchedule): boolean => {
  const untilMs = horizonMs(state, index, now);
  if (state.nextAtMs[index] > untilMs) {
    return false;
  }
  const [from, to] = timeRange(index, untilMs);
  const rows = state.journal.range(from, to, tuning.sweepRows);
  const lastKey = rows.length === tuning.sweepRows ? rows.at(-1)?.key : undefined;
  // Rows that are left wait until the batch is durable. Until then `indexOfOldest` compares this time.
  state.nextAtMs[index] = lastKey === undefined ? Number.POSITIVE_INFINITY : atMsOfTimeKey(lastKey);
  if (rows.length === 0) {
    // A purge removed the row that was next. This sweep changes nothing, so the disk can be
    // read again at once.
    state.peekTime(index);
    return false;
  }
  let handled = 0;
  for (const row of rows) {
    const atMs = atMsOfTimeKey(row.key);
    const endMs = keepsTooMuch(state) ? untilMs : now.wallMs;
    if (atMs > endMs || handled >= tuning.sweepTasks) {
      state.nextAtMs[index] = Math.min(state.nextAtMs[index], atMs);
      break;
    }
    handled += handleRow(state, index, row, tuning.sweepTasks - handled, now, fire);
  }
  return true;
};

/** Does what has come due: graces, fences, schedules, expiries, retention. */
export const tick = (state: State, now: Now, fire: FireSchedule): void => {
  expireSessions(state, now);
  fenceOverdue(state, now);
  heedStepBack(state, now);
  for (const index of timeIndexes) {
    if (!state.sweptIn.has(index) && sweep(state, index, now, fire)) {
      state.sweptIn.set(index, state.batch.number);
    }
  }
};

/** How long until `tick` has something to do; infinite if nothing is planned. */
export const nextTickInMs = (state: State, now: Now): number => {
  const { fences, gracing, nextAtMs, schedules, sweptIn } = state;
  if (schedules.searchFrom !== undefined || wasSetBack(state, now)) {
    return 0;
  }
  let inMs = (fences.first?.atMs ?? Number.POSITIVE_INFINITY) - now.monotonicMs;
  for (const session of gracing) {
    inMs = Math.min(inMs, session.graceEndsAtMs - now.monotonicMs);
  }
  for (const index of timeIndexes) {
    if (!sweptIn.has(index)) {
      inMs = Math.min(inMs, nextAtMs[index] - horizonMs(state, index, now));
    }
  }
  return Math.max(0, inMs);
};
