import { tuning } from '../../tuning.ts';
import { Batch } from './batch.ts';
import type { Queue } from './queue.ts';
import {
  comesBefore,
  countersRowKey,
  leaseRowKey,
  metaKey,
  readyKey,
  readyRowKey,
  stampOf,
  timeKey,
} from './rows/keys.ts';
import { encodeLeases, type LeaseRecord } from './rows/lease-record.ts';
import { encodeIds, ListRow } from './rows/list-row.ts';
import { encodeNumbers } from './rows/numbers.ts';
import { encodeQueues } from './rows/queue-record.ts';
import type { State } from './state.ts';
import type { Lease, Task, TaskLane } from './task.ts';

/**
 * Sealing a batch writes its lists: the tasks that became ready, were leased or come due,
 * and the counters of its queues. One row lists many tasks or queues, so that a batch costs
 * few rows.
 */

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

/** Whether two neighbours in a lane can share a row, because no later task can come between them. */
const areTogether = (a: Task | undefined, b: Task): boolean =>
  a !== undefined && a.priority === b.priority && a.order === b.order;

/** Cuts tasks of one lane, in its order, into rows. */
const stretchesOf = (tasks: readonly Task[]): Task[][] => {
  const stretches: Task[][] = [];
  let stretch: Task[] = [];
  for (const task of tasks) {
    if (stretch.length === tuning.readyRowTasks || !areTogether(stretch[0], task)) {
      stretch = [];
      stretches.push(stretch);
    }
    stretch.push(task);
  }
  return stretches;
};

/**
 * Tasks that arrived together share rows: nothing can arrive between them, so a row
 * covers a stretch of its lane. A returned task stands between others, and has a row
 * of its own.
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

const recordOf = ({ epoch, grant, holder, isIsolated, task }: Lease): LeaseRecord => ({
  taskId: task.id,
  sessionId: holder.id,
  epoch,
  grant,
  cancelReason: task.cancelReason,
  arrivalEpoch: task.arrival.epoch,
  arrivalCount: task.arrival.count,
  isIsolated,
  extras: undefined,
});

const writeLeases = (batch: Batch, stamp: string): void => {
  const unwritten = batch.leases.filter((lease) => lease.isUnwritten);
  for (const [index, leases] of chunks(unwritten, tuning.leaseRowTasks).entries()) {
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

/** Moves the counters of queues to a new row. */
const moveToRow = (key: string, queues: readonly Queue[], batch: Batch): ListRow => {
  const row = new ListRow(key, queues.length);
  for (const queue of queues) {
    queue.countersRow?.leave(batch);
    queue.countersRow = row;
  }
  return row;
};

/** If a single queue is to be written, and all others have left its row, that row is written again. */
const ownRowOf = ([queue, ...others]: readonly Queue[]): ListRow | undefined =>
  others.length === 0 && queue?.countersRow?.hasOne === true ? queue.countersRow : undefined;

/** Writes the counters of changed queues. If several rows name a queue, the last row written counts. */
const writeCounters = (batch: Batch, stamp: string): void => {
  for (const [index, queues] of chunks(
    [...batch.dirtyQueues],
    tuning.countersRowQueues,
  ).entries()) {
    const row = ownRowOf(queues) ?? moveToRow(countersRowKey(stamp, index), queues, batch);
    batch.put(row.key, encodeQueues(queues.map(recordOfQueue)));
  }
};

/** @param stamp of this batch; later batches have later ones */
const writeLists = (batch: Batch, stamp: string): void => {
  writeReady(batch, stamp);
  writeLeases(batch, stamp);
  writeTimes(batch, stamp);
  writeCounters(batch, stamp);
};

/** Closes the present batch with its lists. The next changes go into another. */
export const seal = (state: State): Batch => {
  const { batch, epoch, retainedBytes } = state;
  writeLists(batch, stampOf(epoch, batch.number));
  if (retainedBytes !== state.retainedOnDisk) {
    state.retainedOnDisk = retainedBytes;
    batch.put(metaKey('retained'), encodeNumbers([retainedBytes]));
  }
  state.sealed = batch;
  state.batch = new Batch(batch.number + 1);
  return batch;
};
