import type { Batch } from './batch.ts';
import { leaseRowKey, readyRowKey, timeKey } from './keys.ts';
import { encodeIds, encodeLeases, ListRow } from './list-row.ts';
import type { Lease, Task } from './task.ts';

/**
 * Writes the lists of a batch: which tasks became ready, which were leased, and
 * what comes due. A list costs one row, however many tasks it names.
 */

/** Tasks that one row names, at most: a row goes only when all of them have left it. */
const READY_ROW_TASKS = 512;
const LEASE_ROW_TASKS = 256;

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
  const row = new ListRow(readyRowKey(first.readyKey, stamp), tasks.length);
  for (const task of tasks) {
    task.readyRow = row;
  }
  batch.put(row.key, encodeIds(tasks.map((task) => task.id)));
};

const isReady = (task: Task): boolean => task.state === 'ready';
const byReadyKey = (a: Task, b: Task): number => (a.readyKey < b.readyKey ? -1 : 1);

/**
 * Tasks that arrived together share rows: nothing can arrive between them, so a
 * row covers a stretch of its lane. A task that comes back has a place between
 * others, and a row of its own.
 */
const writeReady = (batch: Batch, stamp: string): void => {
  const stretches = new Map<string, Task[]>();
  for (const task of batch.arrived.filter(isReady)) {
    const stretch = `${task.lane.number}/${task.priority}/${task.order}`;
    const together = stretches.get(stretch);
    if (together === undefined) {
      stretches.set(stretch, [task]);
    } else {
      together.push(task);
    }
  }
  for (const together of stretches.values()) {
    for (const tasks of chunks(together.toSorted(byReadyKey), READY_ROW_TASKS)) {
      writeReadyRow(batch, stamp, tasks);
    }
  }
  for (const task of batch.returned.filter(isReady)) {
    writeReadyRow(batch, stamp, [task]);
  }
};

const recordOf = ({ epoch, grant, sessionId, task }: Lease) => ({
  taskId: task.id,
  sessionId,
  epoch,
  grant,
  cancelRequested: task.cancelRequested,
  arrival: task.arrival,
});

const writeLeases = (batch: Batch, stamp: string): void => {
  for (const [index, leases] of chunks([...batch.leases], LEASE_ROW_TASKS).entries()) {
    const row = new ListRow(leaseRowKey(stamp, index), leases.length);
    for (const lease of leases) {
      lease.row = row;
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

/** @param stamp of this batch; later batches have later ones */
export const writeLists = (batch: Batch, stamp: string): void => {
  writeReady(batch, stamp);
  writeLeases(batch, stamp);
  writeTimes(batch, stamp);
};
