import { limits } from '@millrace/protocol';
import { cancelledError } from '../attempt-errors.ts';
import type { Queue } from '../queue.ts';
import { type Arrival, rangeOf } from '../rows/keys.ts';
import { decodeIds } from '../rows/list-row.ts';
import {
  Budget,
  cursorOf,
  type Named,
  type Path,
  positionOf,
  type RowPosition,
  walk,
} from '../rows/walk.ts';
import type { Now, State } from '../state.ts';
import type { Task } from '../task.ts';
import { finish } from '../transitions.ts';
import { readyPath } from './list-tasks.ts';

export interface PurgeRequest {
  readonly queue: string;
  /** `next` of the answer before; undefined to begin. */
  readonly after: string | undefined;
}

export interface PurgeAnswer {
  readonly cancelled: number;
  /** Where to go on; nothing is left without it. */
  readonly next: string | undefined;
}

const purgedError = cancelledError('its queue was purged');

/** How far a purge has come, and the last arrival that it concerns. */
interface Progress {
  readonly until: Arrival;
  readonly from: RowPosition | undefined;
}

const SEPARATOR = '/';

const progressOf = (state: State, after: string | undefined): Progress => {
  if (after === undefined) {
    return { until: state.lastArrival, from: undefined };
  }
  const [epoch = '', count = '', cursor = ''] = after.split(SEPARATOR);
  const until = { epoch: Number(epoch) || 0, count: Number(count) || 0 };
  return { until, from: positionOf(cursor) };
};

const textOf = ({ until }: Progress, place: Named): string =>
  [until.epoch, until.count, cursorOf(place)].join(SEPARATOR);

/** Scheduled tasks before ready ones: a task that falls due meanwhile is met among the ready ones. */
const pathOf = (state: State, queue: Queue): Path => {
  const ready = readyPath(state, (lane) => lane.queue === queue);
  const ranges = [rangeOf('due'), ...ready.ranges];
  return { ...ready, ranges, idsOf: ({ value }) => decodeIds(value) };
};

const arrivedUntil = ({ arrival }: Task, until: Arrival): boolean =>
  arrival.epoch < until.epoch || (arrival.epoch === until.epoch && arrival.count <= until.count);

const isWaiting = ({ state }: Task): boolean => state === 'ready' || state === 'scheduled';

/** Whether no task in this row still waits. Tasks purged in this call are still in memory. */
const isDone = (state: State, { rowIds }: Named): boolean =>
  rowIds.every((taskId) => {
    const task = state.find(taskId);
    return task === undefined || !isWaiting(task);
  });

const purgeQueue = (
  state: State,
  queue: Queue,
  after: string | undefined,
  now: Now,
): PurgeAnswer => {
  const progress = progressOf(state, after);
  const budget = new Budget(limits.purgeTasks, limits.listReadBytes);
  let cancelled = 0;
  for (const place of walk(state.journal, pathOf(state, queue), progress.from)) {
    if (budget.isSpent) {
      return { cancelled, next: textOf(progress, place) };
    }
    const task = state.find(place.taskId);
    budget.spend(task?.payloadBytes ?? 0);
    if (task?.lane.queue === queue && isWaiting(task) && arrivedUntil(task, progress.until)) {
      finish(state, task, 'cancelled', { error: purgedError }, now);
      cancelled += 1;
    }
    if (place.index === place.rowIds.length - 1 && isDone(state, place)) {
      state.batch.remove(place.key);
    }
  }
  return { cancelled, next: undefined };
};

/**
 * Cancels waiting tasks of a queue, ready or scheduled, as many as one request may, and
 * says where to go on. Tasks that arrive after the first of several calls are left alone,
 * and so are leased ones. Rows whose tasks are all purged are removed: a lane would
 * otherwise read all of them before it found the next task.
 */
export const purge = (
  state: State,
  { after, queue }: PurgeRequest,
  now: Now,
): PurgeAnswer | 'UNKNOWN_QUEUE' => {
  const known = state.queues.get(queue);
  return known === undefined ? 'UNKNOWN_QUEUE' : purgeQueue(state, known, after, now);
};
