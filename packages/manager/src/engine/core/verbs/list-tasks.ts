import { limits, type TaskError, type TaskState } from '@millrace/protocol';
import { fingerprintOf } from '../fingerprint.ts';
import { retainedBytesOf, retainedUntilMs } from '../retained.ts';
import {
  atMsOfTimeKey,
  rangeOf,
  readyKey,
  readyRange,
  type Table,
  taskIdOfTaskKey,
  withoutCount,
} from '../rows/keys.ts';
import { decodeLeases } from '../rows/lease-record.ts';
import { decodeIds } from '../rows/list-row.ts';
import {
  Budget,
  cursorOf,
  type Named,
  type Path,
  positionOf,
  walk,
  walkBack,
} from '../rows/walk.ts';
import type { Now, State } from '../state.ts';
import type { Task, TaskLane } from '../task.ts';
import { isFinished } from '../task-machine.ts';

/** Which tasks to list, and from where on. */
export interface ListRequest {
  readonly queue: string | undefined;
  readonly name: string | undefined;
  readonly state: TaskState | undefined;
  /** Only dead tasks of the group with this fingerprint. */
  readonly fingerprint?: string | undefined;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after: string | undefined;
  /** Whether the listing begins with its last task. */
  readonly backward: boolean | undefined;
}

export interface TaskSummary {
  readonly taskId: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly failures: number;
  readonly losses: number;
  /** Time since the task was accepted. */
  readonly ageMs: number;
  /** Only for a scheduled task. */
  readonly dueInMs: number | undefined;
  /** The error of the last failure, or the one with which the task ended. */
  readonly error: TaskError | undefined;
}

/** Some tasks, perhaps none, and where to go on; without `next` there is no more. */
export interface TaskPage {
  readonly tasks: readonly TaskSummary[];
  readonly next: string | undefined;
}

/** The rows that name the tasks of a state, and whether a task belongs to the row that names it. */
interface Listing {
  readonly path: Path;
  /** Rows are hints: a task may have moved on, and be named elsewhere as well. */
  readonly isHere: (task: Task, place: Named) => boolean;
}

const listOf = (table: Table): Path => ({
  ranges: [rangeOf(table)],
  idsOf: ({ value }) => decodeIds(value),
});

/** The ready rows of the wanted lanes. */
export const readyPath = ({ lanes }: State, isWanted: (lane: TaskLane) => boolean): Path => ({
  ...listOf('ready'),
  ranges: [...lanes.values()]
    .filter(isWanted)
    .toSorted((a, b) => a.number - b.number)
    .map(({ prefix }) => readyRange(prefix, '')),
});

/** Every task by its id: a row is a task, with its payload. */
const allTasks: Listing = {
  path: {
    ranges: [rangeOf('task')],
    idsOf: ({ key }) => [taskIdOfTaskKey(key)],
  },
  isHere: () => true,
};

/**
 * A task that was returned or listed again has a row of its own. The row of its arrival may still
 * name it, and so may the row of an earlier return, when a crash forgot the grant in between.
 */
const isItsLastRow = ({ journal }: State, task: Task, { key, rowIds }: Named): boolean => {
  const own = readyKey(task.lane.prefix, task);
  return (
    rowIds.length === 1 &&
    key.startsWith(own) &&
    journal.range(...readyRange(own, `${key}\0`), 1).length === 0
  );
};

/**
 * A task that was never granted is named by a row that it leads, or by the row of its
 * arrival, which another task of its batch leads. Any other row names an earlier task
 * that had the same id and was forgotten.
 */
const isItsFirstRow = (task: Task, { key, rowIds }: Named): boolean => {
  const own = readyKey(task.lane.prefix, task);
  const isLedByAnother = rowIds.length > 1 && key < own && key.startsWith(withoutCount(own));
  return key.startsWith(own) || isLedByAnother;
};

const hasOneRow = ({ extras, grants }: Task): boolean =>
  grants === 0 && extras?.isListedAgain !== true;

const readyTasks = (state: State, { name, queue }: ListRequest): Listing => ({
  path: readyPath(
    state,
    (lane) =>
      (queue === undefined || lane.queue.spec.name === queue) &&
      (name === undefined || lane.name === name),
  ),
  isHere: (task, place) =>
    task.state === 'ready' &&
    place.key.startsWith(task.lane.prefix) &&
    (hasOneRow(task) ? isItsFirstRow(task, place) : isItsLastRow(state, task, place)),
});

const leasedTasks: Listing = {
  path: {
    ...listOf('lease'),
    idsOf: ({ value }) => decodeLeases(value).map(({ taskId }) => taskId),
  },
  isHere: ({ lease }, { key }) => lease?.row?.key === key,
};

const scheduledTasks: Listing = {
  path: listOf('due'),
  isHere: (task, { key }) => task.state === 'scheduled' && task.dueAtMs === atMsOfTimeKey(key),
};

const finishedTasks = (table: 'dead' | 'retention', state: TaskState): Listing => ({
  path: listOf(table),
  isHere: (task, { key }) => task.state === state && retainedUntilMs(task) === atMsOfTimeKey(key),
});

/** The dead tasks, in the order in which they died. */
export const deadTasks: Listing = finishedTasks('dead', 'dead');

const listingOf = (state: State, request: ListRequest): Listing => {
  switch (request.state) {
    case undefined:
      return allTasks;
    case 'ready':
      return readyTasks(state, request);
    case 'leased':
      return leasedTasks;
    case 'scheduled':
      return scheduledTasks;
    case 'dead':
      return deadTasks;
    default:
      return finishedTasks('retention', request.state);
  }
};

/** Whether a task is still kept, and matches the filter of the request. */
export const isWanted = (
  task: Task,
  { fingerprint, name, queue }: Pick<ListRequest, 'fingerprint' | 'name' | 'queue'>,
): boolean =>
  !task.isTombstone &&
  (queue === undefined || task.lane.queue.spec.name === queue) &&
  (name === undefined || task.lane.name === name) &&
  (fingerprint === undefined || (task.state === 'dead' && fingerprintOf(task) === fingerprint));

const summaryOf = (task: Task, now: Now): TaskSummary => ({
  taskId: task.id,
  queue: task.lane.queue.spec.name,
  name: task.lane.name,
  state: task.state,
  priority: task.priority,
  failures: task.failures,
  losses: task.losses,
  ageMs: Math.max(0, now.wallMs - task.acceptedAtMs),
  dueInMs: task.state === 'scheduled' ? Math.max(0, task.dueAtMs - now.wallMs) : undefined,
  error: task.error,
});

/** Bytes read with a task's record, roughly: its payload, or its result once it has ended. */
const recordBytesOf = (task: Task): number =>
  isFinished(task.state) ? retainedBytesOf(task) : task.payloadBytes;

/**
 * A page of tasks: those of one state in the order of its index, or all by their ids. With
 * `backward` the order is reversed.
 * The cost of a page is bounded, so a page may be short, even empty, and not be the last.
 * A task that moves while pages are read may be met twice or not at all.
 */
export const listTasks = (state: State, request: ListRequest, now: Now): TaskPage => {
  const { isHere, path } = listingOf(state, request);
  const from = request.after === undefined ? undefined : positionOf(request.after);
  const budget = new Budget(limits.listLooksMax, limits.listReadBytes);
  const tasks: TaskSummary[] = [];
  const places = request.backward === true ? walkBack : walk;
  for (const place of places(state.journal, path, from)) {
    if (tasks.length >= request.limit || budget.isSpent) {
      return { tasks, next: cursorOf(place) };
    }
    const task = state.find(place.taskId);
    budget.spend(task === undefined ? 0 : recordBytesOf(task));
    if (task !== undefined && isHere(task, place) && isWanted(task, request)) {
      tasks.push(summaryOf(task, now));
    }
  }
  return { tasks, next: undefined };
};
