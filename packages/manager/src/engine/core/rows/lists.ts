import type { Batch } from '../batch.ts';
import type { Queue } from '../queue.ts';
import type { Lease, Task, TaskLane } from '../task.ts';
import { encodeQueues } from './counters.ts';
import {
  comesBefore,
  countersRowKey,
  leaseRowKey,
  readyKey,
  readyRowKey,
  timeKey,
} from './keys.ts';
import { encodeIds, encodeLeases, ListRow } from './list-row.ts';

/**
 * Writes the lists of a batch: which tasks became ready, which were leased, what
 * comes due, and what its queues count. A list costs one row, however many tasks or
 * queues it names.
 */

/**
 * Tasks that one row names, at most: a row goes only when all of them have left it, and
 * a lane reads all of them at once.
 */
const READY_ROW_TASKS = 128;
const LEASE_ROW_TASKS = 256;
/** Queues that one row names, at most: one that is idle keeps the row. */
const COUNTERS_ROW_QUEUES = 64;

const chunks = <T>(all: readonly T[], size: number): T[][] => {
  const pieces: T[][] = [];
  for (let start = 0; start < all.length; start += size) {
    pieces.push(all.slice(start, start + size));
  }
  return pieces;
};

const writeReadyRow = (batch: Batch, stamp: string, tasks: readonly Task[]): void => {
  const [first] = tasks;
  if (first === undefined) {
    return;
  }
  const row = new ListRow(readyRowKey(readyKey(first.lane.prefix, first), stamp), tasks.length);
  for (const task of tasks) {
    task.readyRow = row;
  }
  batch.put(row.key, encodeIds(tasks.map((task) => task.id)));
};

const isReady = (task: Task): boolean => task.state === 'ready';

const inOrder = (a: Task, b: Task): number => (comesBefore(a, b) ? -1 : 1);

const byLane = (tasks: readonly Task[]): Map<TaskLane, Task[]> => {
  const lanes = new Map<TaskLane, Task[]>();
  for (const task of tasks) {
    const others = lanes.get(task.lane);
    if (others === undefined) {
      lanes.set(task.lane, [task]);
    } else {
      others.push(task);
    }
  }
  return lanes;
};

/** Whether nothing can arrive between two tasks that follow each other in their lane. */
const areTogether = (a: Task | undefined, b: Task): boolean =>
  a !== undefined && a.priority === b.priority && a.order === b.order;

/** Cuts tasks of one lane, in its order, into what one row may list. */
const stretchesOf = (tasks: readonly Task[]): Task[][] => {
  const stretches: Task[][] = [];
  let stretch: Task[] = [];
  for (const task of tasks) {
    if (stretch.length === READY_ROW_TASKS || !areTogether(stretch[0], task)) {
      stretch = [];
      stretches.push(stretch);
    }
    stretch.push(task);
  }
  return stretches;
};

/**
 * Tasks that arrived together share rows: nothing can arrive between them, so a
 * row covers a stretch of its lane. A task that comes back has a place between
 * others, and a row of its own.
 */
const writeReady = (batch: Batch, stamp: string): void => {
  for (const arrived of byLane(batch.arrived.filter(isReady)).values()) {
    for (const stretch of stretchesOf(arrived.toSorted(inOrder))) {
      writeReadyRow(batch, stamp, stretch);
    }
  }
  for (const task of batch.returned.filter(isReady)) {
    writeReadyRow(batch, stamp, [task]);
  }
};

const recordOf = ({ epoch, grant, holder, task }: Lease) => ({
  taskId: task.id,
  sessionId: holder.id,
  epoch,
  grant,
  cancelReason: task.cancelReason,
  arrival: task.arrival,
});

const writeLeases = (batch: Batch, stamp: string): void => {
  const unwritten = batch.leases.filter((lease) => lease.isUnwritten);
  for (const [index, leases] of chunks(unwritten, LEASE_ROW_TASKS).entries()) {
    const row = new ListRow(leaseRowKey(stamp, index), leases.length);
    for (const lease of leases) {
      lease.row = row;
      lease.isUnwritten = false;
    }
    batch.put(row.key, encodeLeases(leases.map(recordOf)));
  }
};

const writeTimes = (batch: Batch, stamp: string): void => {
  for (const [index, instants] of batch.times) {
    for (const [atMs, taskIds] of instants) {
      batch.put(timeKey(index, atMs, stamp), encodeIds(taskIds));
    }
  }
};

const recordOfQueue = ({ record }: Queue) => record;

/** Queues that move to a new row. */
const moveToRow = (key: string, queues: readonly Queue[], batch: Batch): ListRow => {
  const row = new ListRow(key, queues.length);
  for (const queue of queues) {
    queue.countersRow?.leave(batch);
    queue.countersRow = row;
  }
  return row;
};

/** Where a queue that is written by itself has a row to itself: that is written anew. */
const ownRowOf = ([queue, ...others]: readonly Queue[]): ListRow | undefined =>
  others.length === 0 && queue?.countersRow?.hasOne === true ? queue.countersRow : undefined;

/** The counters of a queue are in the last row that was written for it. */
const writeCounters = (batch: Batch, stamp: string): void => {
  for (const [index, queues] of chunks([...batch.dirtyQueues], COUNTERS_ROW_QUEUES).entries()) {
    const row = ownRowOf(queues) ?? moveToRow(countersRowKey(stamp, index), queues, batch);
    batch.put(row.key, encodeQueues(queues.map(recordOfQueue)));
  }
};

/** @param stamp of this batch; later batches have later ones */
export const writeLists = (batch: Batch, stamp: string): void => {
  writeReady(batch, stamp);
  writeLeases(batch, stamp);
  writeTimes(batch, stamp);
  writeCounters(batch, stamp);
};
