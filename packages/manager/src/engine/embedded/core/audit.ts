import {
  decodeId,
  rangeOf,
  type Table,
  taskIdOfLeaseKey,
  taskIdOfTaskKey,
  taskIdOfTimeKey,
} from './keys.ts';
import type { State } from './state.ts';
import type { Task } from './task.ts';
import { isFinished } from './task-machine.ts';
import { decodeLease, decodeTask } from './task-record.ts';
import { retainedBytesOf } from './transitions.ts';

/**
 * Compares what memory holds with the rows of the journal, and says in
 * sentences where they disagree. For tests and simulation: it reads everything,
 * and it holds only while no write is waiting or in flight.
 */
export const audit = (state: State): string[] => {
  const tasks = tasksOnDisk(state);
  return [
    ...auditLeases(state, tasks),
    ...auditIndexes(state, tasks),
    ...auditCounters(state, tasks),
    ...auditMemory(state),
  ];
};

const ALL = Number.MAX_SAFE_INTEGER;

const rows = (state: State, table: Table) => state.journal.range(...rangeOf(table), ALL);

/** Every task as the journal has it; a task with a lease row counts as leased. */
const tasksOnDisk = (state: State): Map<string, Task> => {
  const tasks = new Map<string, Task>();
  for (const { key, value } of rows(state, 'task')) {
    const id = taskIdOfTaskKey(key);
    tasks.set(id, decodeTask(id, value, state.laneOf));
  }
  for (const { key } of rows(state, 'lease')) {
    const task = tasks.get(taskIdOfLeaseKey(key));
    if (task?.state === 'ready') {
      task.state = 'leased';
    }
  }
  return tasks;
};

const auditLeases = (state: State, tasks: ReadonlyMap<string, Task>): string[] => {
  const breaches: string[] = [];
  const rowsLeft = new Map(
    rows(state, 'lease').map(({ key, value }) => [taskIdOfLeaseKey(key), decodeLease(value)]),
  );
  for (const session of state.sessions.values()) {
    for (const { id, lease } of session.leased) {
      const row = rowsLeft.get(id);
      rowsLeft.delete(id);
      if (lease?.sessionId !== session.id || row?.sessionId !== session.id) {
        breaches.push(`session ${session.id} has task ${id}, which is not leased to it`);
      } else if (row.epoch !== lease.epoch || row.grant !== lease.grant) {
        breaches.push(`the lease of task ${id} has another token on disk`);
      } else if (lease.heapIndex >= 0 !== Number.isFinite(lease.atMs)) {
        breaches.push(`the lease of task ${id} has a deadline and is not watched, or the reverse`);
      }
    }
  }
  for (const id of rowsLeft.keys()) {
    breaches.push(
      `the lease row of task ${id} (${tasks.get(id)?.state ?? 'gone'}) belongs to no session`,
    );
  }
  return breaches;
};

/** For each index the ids that it should name, by what the tasks say of themselves. */
const indexed: Readonly<
  Record<'ready' | 'due' | 'expiry' | 'retention' | 'tombstone', (task: Task) => boolean>
> = {
  ready: (task) => task.state === 'ready',
  due: (task) => task.state === 'scheduled',
  // A row of a task that was started is dropped when its time comes, not before.
  expiry: (task) => task.expiresAtMs !== undefined && !isFinished(task.state) && task.grants === 0,
  retention: (task) => isFinished(task.state) && !task.isTombstone,
  tombstone: (task) => task.isTombstone,
};

const idsIn = (state: State, table: keyof typeof indexed): string[] =>
  rows(state, table).map(({ key, value }) =>
    table === 'ready' ? decodeId(value) : taskIdOfTimeKey(key),
  );

const auditIndexes = (state: State, tasks: ReadonlyMap<string, Task>): string[] => {
  const breaches: string[] = [];
  for (const table of ['ready', 'due', 'expiry', 'retention', 'tombstone'] as const) {
    const missing = new Set([...tasks.values()].filter(indexed[table]).map((task) => task.id));
    for (const id of idsIn(state, table)) {
      const { state: present } = tasks.get(id) ?? {};
      const mayStay = table === 'expiry' && present !== undefined && !isFinished(present);
      if (!missing.delete(id) && !mayStay) {
        breaches.push(`a ${table} row names task ${id}, which is ${present ?? 'gone'}`);
      }
    }
    breaches.push(...[...missing].map((id) => `task ${id} has no ${table} row`));
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
    const unfinished = own.filter((task) => !isFinished(task.state));
    const bytes = unfinished.reduce((sum, task) => sum + task.payloadBytes, 0);
    expect(`bytes of queue ${queue.spec.name}`, bytes, queue.counters.bytes);
  }
  const kept = [...tasks.values()].filter(indexed.retention);
  expect(
    'retained bytes',
    kept.reduce((n, task) => n + retainedBytesOf(task), 0),
    state.retainedBytes,
  );
  return breaches;
};

/** Memory holds what is leased or in a window, and a window is all that its lane covers. */
const auditMemory = (state: State): string[] => {
  const breaches: string[] = [];
  for (const task of state.tasks.values()) {
    if (task.lease === undefined && !task.inWindow) {
      breaches.push(`task ${task.id} (${task.state}) is in memory for no reason`);
    }
  }
  const windows = new Map(
    [...state.lanes.values()].flatMap((lane) =>
      [...lane].map((task) => [task.readyKey, task] as const),
    ),
  );
  for (const { key, value } of rows(state, 'ready')) {
    const id = decodeId(value);
    const inMemory = state.tasks.get(id);
    const lane = [...state.lanes.values()].find(({ prefix }) => key.startsWith(prefix));
    if (lane?.covers(key) === true && inMemory === undefined) {
      breaches.push(`task ${id} is ready before the frontier of its lane, and not in its window`);
    }
    windows.delete(key);
  }
  for (const task of windows.values()) {
    breaches.push(`task ${task.id} is in a window and has no ready row`);
  }
  return breaches;
};
