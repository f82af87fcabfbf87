import { limits } from '@millrace/protocol';
import type { PurgeAnswer } from '../../engine.ts';
import type { Queue } from '../queue.ts';
import { type Arrival, rangeOf } from '../rows/keys.ts';
import { decodeIds } from '../rows/list-row.ts';
import { Budget, cursorOf, type Named, type Path, placeOf, walk } from '../rows/walk.ts';
import type { Now, State } from '../state.ts';
import { cancelledError, type Task } from '../task.ts';
import { finish } from '../transitions.ts';
import { readyPath } from './list.ts';

const purgedError = cancelledError('its queue was purged');

/** How far a purge has come, and the last arrival that it concerns. */
interface Progress {
  readonly until: Arrival;
  readonly from: ReturnType<typeof placeOf> | undefined;
}

const SEPARATOR = '/';

const progressOf = (state: State, after: string | undefined): Progress => {
  if (after === undefined) {
    return { until: state.lastArrival, from: undefined };
  }
  const [epoch = '', count = '', cursor = ''] = after.split(SEPARATOR);
  const until = { epoch: Number(epoch) || 0, count: Number(count) || 0 };
  return { until, from: placeOf(cursor) };
};

const textOf = ({ until }: Progress, place: Named): string =>
  [until.epoch, until.count, cursorOf(place)].join(SEPARATOR);

/** Scheduled before ready: what falls due meanwhile is met again behind. */
const pathOf = (state: State, queue: Queue): Path => {
  const ready = readyPath(state, (lane) => lane.queue === queue);
  const ranges = [rangeOf('due'), ...ready.ranges];
  return { ...ready, ranges, idsOf: ({ value }) => decodeIds(value) };
};

const arrivedUntil = ({ arrival }: Task, until: Arrival): boolean =>
  arrival.epoch < until.epoch || (arrival.epoch === until.epoch && arrival.count <= until.count);

const isWaiting = ({ state }: Task): boolean => state === 'ready' || state === 'scheduled';

/** Whether a row names nothing any more that waits, which memory knows of all that was just purged. */
const isDone = (state: State, { rowIds }: Named): boolean =>
  rowIds.every((taskId) => {
    const task = state.find(taskId);
    return task === undefined || !isWaiting(task);
  });

/**
 * Cancels what waits in a queue, as much of it as one request may, and says
 * where to go on. Rows that are used up go with their tasks: a lane would have
 * to read them all before it found the next task that is there.
 */
export const purge = (
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
