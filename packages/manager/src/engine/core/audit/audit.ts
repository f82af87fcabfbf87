import { type FoundLease, leasesInForce, queuesOnDisk } from '../load.ts';
import { atMsOfTimeKey, rangeOf, type Table, taskIdOfTaskKey } from '../rows/keys.ts';
import { decodeIds } from '../rows/list-row.ts';
import { countedFields, type QueueRecord, zeroCounters } from '../rows/queue-record.ts';
import { decodeTask, type TaskValues } from '../rows/task-record.ts';
import type { State } from '../state.ts';
import { type Task, type TaskLane, taskOf } from '../task.ts';
import { isFinished } from '../task-machine.ts';
import { retainedBytesOf } from '../transitions.ts';
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
    ...auditIndexes(state, tasks),
    ...auditCounters(state, tasks),
    ...auditCounterRows(state),
    ...auditMemory(state, tasks),
  ];
};

const ALL = Number.MAX_SAFE_INTEGER;

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

/** For each index, which tasks its rows must name. */
const wanted: Readonly<
  Record<'due' | 'expiry' | 'retention' | 'dead' | 'tombstone', (task: Task) => boolean>
> = {
  due: (task) => task.state === 'scheduled',
  expiry: (task) =>
    task.expiresAtMs !== undefined &&
    (task.state === 'scheduled' || task.state === 'ready') &&
    task.grants === 0,
  retention: (task) => isFinished(task.state) && task.state !== 'dead' && !task.isTombstone,
  dead: (task) => task.state === 'dead' && !task.isTombstone,
  tombstone: (task) => task.isTombstone,
};

/** The tasks that the ready rows of each lane name, as `lane/id`; a row of another lane does not count. */
const namesInReadyRows = (
  state: State,
  isWanted: (lane: TaskLane, key: string) => boolean,
): Set<string> => {
  const names = new Set<string>();
  for (const { key, value } of rows(state, 'ready')) {
    const lane = [...state.lanes.values()].find(({ prefix }) => key.startsWith(prefix));
    if (lane !== undefined && isWanted(lane, key)) {
      decodeIds(value).forEach((id) => names.add(`${lane.number}/${id}`));
    }
  }
  return names;
};

/** A row may name a task that has moved on; a task must be named by a row. */
const auditIndexes = (state: State, tasks: ReadonlyMap<string, Task>): string[] => {
  const breaches: string[] = [];
  const expectNamed = (
    table: Table,
    named: ReadonlySet<string>,
    isWanted: (task: Task) => boolean,
  ): void => {
    for (const task of tasks.values()) {
      if (isWanted(task) && !named.has(task.id)) {
        breaches.push(`task ${task.id} (${task.state}) has no ${table} row`);
      }
    }
  };
  const idsOf = (table: Table): Set<string> =>
    new Set(rows(state, table).flatMap(({ value }) => decodeIds(value)));
  const ready = namesInReadyRows(state, () => true);
  for (const { id, lane, state: now } of tasks.values()) {
    if (now === 'ready' && !ready.has(`${lane.number}/${id}`)) {
      breaches.push(`task ${id} is ready and has no ready row in its lane`);
    }
  }
  for (const table of ['expiry', 'retention', 'dead', 'tombstone'] as const) {
    expectNamed(table, idsOf(table), wanted[table]);
  }
  const due = rows(state, 'due').flatMap(({ key, value }) =>
    decodeIds(value).filter((id) => tasks.get(id)?.dueAtMs === atMsOfTimeKey(key)),
  );
  expectNamed('due', new Set(due), wanted.due);
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

const auditCounters = (state: State, tasks: ReadonlyMap<string, Task>): string[] => {
  const breaches: string[] = [];
  const expect = (what: string, counted: number, kept: number): void => {
    if (counted !== kept) {
      breaches.push(`${what}: ${kept} by the counter, ${counted} by the rows`);
    }
  };
  for (const queue of state.queues.values()) {
    const own = [...tasks.values()].filter((task) => task.lane.queue === queue);
    for (const name of ['ready', 'scheduled', 'leased'] as const) {
      const counted = own.filter((task) => task.state === name).length;
      expect(`${name} tasks of queue ${queue.spec.name}`, counted, queue.counters[name]);
    }
    const retrying = own.filter((task) => task.state === 'scheduled' && task.grants > 0);
    expect(`retrying tasks of queue ${queue.spec.name}`, retrying.length, queue.counters.retrying);
    const dead = own.filter(wanted.dead);
    expect(`dead tasks of queue ${queue.spec.name}`, dead.length, queue.counters.deadKept);
    const unfinished = own.filter((task) => !isFinished(task.state));
    const bytes = unfinished.reduce((sum, task) => sum + task.payloadBytes, 0);
    expect(`bytes of queue ${queue.spec.name}`, bytes, queue.counters.bytes);
  }
  const kept = [...tasks.values()].filter((task) => wanted.retention(task) || wanted.dead(task));
  expect(
    'retained bytes',
    kept.reduce((n, task) => n + retainedBytesOf(task), 0),
    state.retainedBytes,
  );
  return breaches;
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
  for (const { id, lane, state: now } of tasks.values()) {
    if (
      now === 'ready' &&
      state.tasks.get(id) === undefined &&
      !unread.has(`${lane.number}/${id}`)
    ) {
      breaches.push(`task ${id} is ready, its lane has read its rows, and it is not in memory`);
    }
  }
  return breaches;
};
