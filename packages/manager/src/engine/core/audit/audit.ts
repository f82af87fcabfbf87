import { historyLengthOf } from '../history.ts';
import { type FoundLease, leasesInForce, queuesOnDisk } from '../load.ts';
import {
  metaKey,
  priorityOfReadyKey,
  rangeOf,
  type Table,
  taskIdOfHistoryKey,
  taskIdOfTaskKey,
} from '../rows/keys.ts';
import { decodeIds } from '../rows/list-row.ts';
import { decodeNumbers } from '../rows/numbers.ts';
import { countedFields, type QueueRecord, zeroCounters } from '../rows/queue-record.ts';
import { decodeTask, type TaskValues } from '../rows/task-record.ts';
import type { State } from '../state.ts';
import { type Task, type TaskLane, taskOf } from '../task.ts';
import { auditKeys } from './audit-keys.ts';
import { auditSchedules } from './audit-schedules.ts';
import { RecordCheck } from './check-records.ts';
import { hasItsFence } from './memory-audit.ts';

/**
 * Compares memory with the rows of the journal, and says in sentences where they
 * disagree. For tests and simulation: it reads everything, and it is meaningful only
 * while no write is waiting or in flight.
 */
export const audit = (state: State): string[] => {
  const records = recordsOnDisk(state);
  const written = tasksOf(state, records, (values) => values);
  const leases = leasesInForce(state, (taskId) => written.get(taskId));
  // A task with a lease in force counts as leased, although its record says ready.
  const tasks = tasksOf(state, records, (values, id) =>
    leases.has(id) ? { ...values, state: 'leased' } : values,
  );
  return [
    ...auditLeases(state, tasks, leases),
    ...auditRecords(state),
    ...auditHistories(state, tasks),
    ...auditKeys(state, tasks),
    ...auditSchedules(state),
    ...auditCounterRows(state),
    ...auditRetained(state),
    ...auditMemory(state, tasks),
  ];
};

const ALL = Number.MAX_SAFE_INTEGER;
const BEHIND_ALL = '\xff\xff';

const rows = (state: State, table: Table) => state.journal.range(...rangeOf(table), ALL);

/** The record of every task. */
const recordsOnDisk = (state: State): Map<string, TaskValues> =>
  new Map(
    rows(state, 'task').map(({ key, value }) => [taskIdOfTaskKey(key), decodeTask(value).values]),
  );

const tasksOf = (
  state: State,
  records: ReadonlyMap<string, TaskValues>,
  adapt: (values: TaskValues, id: string) => TaskValues,
): Map<string, Task> =>
  new Map(
    [...records].map(([id, values]) => [
      id,
      taskOf(id, state.laneOf(values.laneNumber), adapt(values, id), undefined),
    ]),
  );

const auditLeases = (
  state: State,
  tasks: ReadonlyMap<string, Task>,
  leases: ReadonlyMap<string, FoundLease>,
): string[] => {
  const breaches: string[] = [];
  const leased = [...tasks.values()].filter((task) => task.state === 'leased');
  const left = new Map(leased.map(({ id }) => [id, leases.get(id)?.record]));
  for (const session of state.sessions.values()) {
    for (const lease of session.leases.entries()) {
      const { id } = lease.task;
      const record = left.get(id);
      left.delete(id);
      if (lease.task.lease !== lease || record?.sessionId !== session.id) {
        breaches.push(`session ${session.id} has task ${id}, which is not leased to it`);
      } else if (record.epoch !== lease.epoch || record.grant !== lease.grant) {
        breaches.push(`the lease of task ${id} has another token on disk`);
      } else if (!hasItsFence(lease)) {
        breaches.push(`the lease of task ${id} has a deadline and is not watched, or the reverse`);
      }
    }
  }
  for (const id of left.keys()) {
    breaches.push(`the lease of task ${id} on disk belongs to no session`);
  }
  return breaches;
};

/**
 * The tasks that the ready rows of each lane name, as `lane/priority/id`; a row of another lane or
 * priority does not count.
 */
const namesInReadyRows = (
  state: State,
  isWanted: (lane: TaskLane, key: string) => boolean,
): Set<string> => {
  const names = new Set<string>();
  for (const { key, value } of rows(state, 'ready')) {
    const lane = [...state.lanes.values()].find(({ prefix }) => key.startsWith(prefix));
    if (lane !== undefined && isWanted(lane, key)) {
      const place = `${lane.number}/${priorityOfReadyKey(key)}`;
      decodeIds(value).forEach((id) => names.add(`${place}/${id}`));
    }
  }
  return names;
};

/** The contradictions between rows that `millrace store check` would find. */
const auditRecords = (state: State): readonly string[] => {
  const check = new RecordCheck();
  for (const { key, value } of state.journal.range('\0', BEHIND_ALL, ALL)) {
    check.visit(key, value);
  }
  return check.findings();
};

/** Checks that each task has all rows of its history, and that each such row belongs to a task. */
const auditHistories = (state: State, tasks: ReadonlyMap<string, Task>): string[] => {
  const counted = new Map<string, number>();
  for (const { key } of rows(state, 'history')) {
    const id = taskIdOfHistoryKey(key);
    counted.set(id, (counted.get(id) ?? 0) + 1);
  }
  const breaches =
    state.side.pinned > 0 ? ['side rows are still in memory although their batch is durable'] : [];
  for (const task of tasks.values()) {
    const found = counted.get(task.id) ?? 0;
    counted.delete(task.id);
    if (found !== historyLengthOf(task)) {
      breaches.push(
        `task ${task.id} has ${found} rows of history instead of ${historyLengthOf(task)}`,
      );
    }
  }
  for (const id of counted.keys()) {
    breaches.push(`the store has history rows of task ${id}, but no such task`);
  }
  return breaches;
};

/** Whether two records of a queue say the same. */
const isSame = (a: QueueRecord, b: QueueRecord): boolean =>
  a.isPaused === b.isPaused &&
  countedFields.every((field) => a.counters[field] === b.counters[field]);

/** Each queue has its counters in its last row, and each row is the last of a queue. */
const auditCounterRows = (state: State): string[] => {
  const breaches: string[] = [];
  const found = queuesOnDisk(state);
  for (const queue of state.queues.values()) {
    const { name } = queue.spec;
    const { record, rowKey } = found.get(name) ?? {};
    const nothing = { queue: name, isPaused: false, counters: zeroCounters() };
    if (rowKey !== queue.countersRow?.key) {
      breaches.push(`the counters of queue ${name} are in another row than memory says`);
    }
    if (!isSame(queue.record, record ?? nothing)) {
      breaches.push(`the counters of queue ${name} differ from those on disk`);
    }
  }
  const lastRows = new Set([...found.values()].map(({ rowKey }) => rowKey));
  for (const { key } of rows(state, 'counters')) {
    if (!lastRows.has(key)) {
      breaches.push('a row of counters is the last of no queue');
    }
  }
  return breaches;
};

const auditRetained = (state: State): string[] => {
  const record = state.journal.get(metaKey('retained'));
  const onDisk = record === undefined ? 0 : decodeNumbers(record)[0];
  return onDisk === state.retainedBytes
    ? []
    : [`retained bytes: ${state.retainedBytes} in memory, ${onDisk} on disk`];
};

/** Memory holds leased tasks and windows, and a window holds all tasks that its lane covers. */
const auditMemory = (state: State, tasks: ReadonlyMap<string, Task>): string[] => {
  const breaches: string[] = [];
  for (const task of state.tasks.values()) {
    if (task.lease === undefined && !task.inWindow) {
      breaches.push(`task ${task.id} (${task.state}) is in memory for no reason`);
    }
  }
  const unread = namesInReadyRows(state, (lane, key) => !lane.covers(key));
  for (const { id, lane, priority, state: now } of tasks.values()) {
    if (
      now === 'ready' &&
      state.tasks.get(id) === undefined &&
      !unread.has(`${lane.number}/${priority}/${id}`)
    ) {
      breaches.push(`task ${id} is ready, its lane has read its rows, and it is not in memory`);
    }
  }
  return breaches;
};
