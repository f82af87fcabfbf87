import {
  type Asked,
  type Clock,
  checkName,
  codeOf,
  type ErrorCode,
  expectVerb,
  inquire,
  limits,
  type MessageNamed,
  MillraceError,
  promiseOf,
  type TaskState,
  taskStates,
} from '@millrace/protocol';

/** What operations need of the client that they belong to. */
export interface OperationsPort {
  readonly clock: Clock;
  newTaskId(): string;
  /** Sends a request until it is answered. */
  ask(asked: Asked): void;
}

/** Which tasks; all of them, where nothing is said. */
export interface TaskFilter {
  readonly queue?: string;
  /** Name of the task; empty for items. */
  readonly name?: string;
}

export interface ListOptions extends TaskFilter {
  /** Only in this state. Without one tasks come by their ids, which is by age. */
  readonly state?: TaskState;
  /** Tasks on the page, 1 to 500. Default 100. */
  readonly limit?: number;
  /** `next` of the page before, of the same listing. */
  readonly after?: string;
}

/** A task of a listing. */
export interface ListedTask {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly failures: number;
  readonly losses: number;
  /** Since it was accepted. */
  readonly ageMs: number;
  /** Until it is ready, if it is scheduled. */
  readonly dueInMs: number | undefined;
  /** Name and text of the last failure, cut short; `inspect` has all of it. */
  readonly error: string | undefined;
}

export interface TaskPage {
  readonly tasks: readonly ListedTask[];
  /** Where to go on; `undefined` if there is no more. A page can be short, even empty, and have others behind it. */
  readonly next: string | undefined;
}

const PAGE_TASKS = 100;
/** Dead tasks that are retried or dropped at once: their payloads become one batch of the store. */
const BULK_TASKS = 100;

/** @throws BAD_OPTION */
const checkListing = ({
  after = '',
  limit = PAGE_TASKS,
  name,
  queue,
  state,
}: ListOptions): void => {
  if (queue !== undefined) {
    checkName('queue', queue);
  }
  if (name !== undefined && name !== '') {
    checkName('task', name);
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.listPageMax) {
    throw new MillraceError('BAD_OPTION', `limit is from 1 to ${limits.listPageMax}, not ${limit}`);
  }
  if (state !== undefined && !taskStates.includes(state)) {
    throw new MillraceError('BAD_OPTION', `'${state}' is not a state: ${taskStates.join(', ')}`);
  }
  if (Buffer.byteLength(after) > limits.cursorMaxBytes) {
    throw new MillraceError('BAD_OPTION', 'after is the `next` of the page before');
  }
};

const listedTask = ({
  taskId,
  ...rest
}: MessageNamed<'taskPage'>['tasks'][number]): ListedTask => ({
  id: taskId,
  ...rest,
});

/** @throws BAD_OPTION */
export const listTasks = async (
  port: OperationsPort,
  options: ListOptions = {},
): Promise<TaskPage> => {
  checkListing(options);
  const { after, limit = PAGE_TASKS, name, queue, state } = options;
  const { next, tasks } = await inquire(port, 'taskPage', (requestId) => ({
    verb: 'listTasks',
    requestId,
    queue,
    name,
    state,
    limit,
    after,
  }));
  return { tasks: tasks.map(listedTask), next };
};

/** Every task that a listing finds, page after page. */
export async function* eachTask(
  port: OperationsPort,
  options: Omit<ListOptions, 'after'>,
): AsyncGenerator<ListedTask> {
  let page = await listTasks(port, options);
  yield* page.tasks;
  while (page.next !== undefined) {
    page = await listTasks(port, { ...options, after: page.next });
    yield* page.tasks;
  }
}

/** Answers the id of the new task. */
export const retryTask = async (port: OperationsPort, taskId: string): Promise<string> => {
  const newTaskId = port.newTaskId();
  const reply = await promiseOf(
    {
      build: (requestId) => ({ verb: 'retry', requestId, taskId, newTaskId }),
      giveUpAtMs: port.clock.monotonicMs() + limits.resendMaxMs,
      giveUp: () =>
        new MillraceError(
          'UNKNOWN',
          `no answer to the retry of task ${taskId} for ten minutes: it may have become task ${newTaskId}`,
        ),
    },
    (asked) => port.ask(asked),
  );
  expectVerb(reply, 'retried');
  return newTaskId;
};

/** Somebody else has retried or dropped it meanwhile, or its retention ended. */
const isGone = (code: ErrorCode | undefined): boolean =>
  code === 'UNKNOWN_TASK' || code === 'RESULT_REMOVED';

/** That a task is gone when this is sent again is what it asked for: its first answer was lost. */
export const dropTask = async (port: OperationsPort, taskId: string): Promise<void> => {
  let sent = 0;
  try {
    await inquire(port, 'dropped', (requestId) => {
      sent += 1;
      return { verb: 'drop', requestId, taskId };
    });
  } catch (error) {
    if (sent < 2 || !isGone(codeOf(error))) {
      throw error;
    }
  }
};

const didIt = async (act: Promise<unknown>): Promise<boolean> => {
  try {
    await act;
    return true;
  } catch (error) {
    if (isGone(codeOf(error))) {
      return false;
    }
    throw error;
  }
};

/** Ages come by another clock, in whole milliseconds. */
const AGE_SLACK_MS = 2;

/**
 * Does something with every dead task, page by page. Those that were enqueued
 * since it began are left alone: a retried task that dies at once would be met
 * again and again.
 */
const withAllDead = async (
  port: OperationsPort,
  filter: TaskFilter,
  act: (taskId: string) => Promise<unknown>,
): Promise<number> => {
  const startedAtMs = port.clock.monotonicMs();
  let options: ListOptions = { ...filter, state: 'dead', limit: BULK_TASKS };
  let done = 0;
  for (;;) {
    const sinceMs = port.clock.monotonicMs() - startedAtMs - AGE_SLACK_MS;
    const { next, tasks } = await listTasks(port, options);
    const old = tasks.filter(({ ageMs }) => ageMs >= sinceMs);
    const acts = await Promise.all(old.map(({ id }) => didIt(act(id))));
    done += acts.filter(Boolean).length;
    if (next === undefined) {
      return done;
    }
    options = { ...options, after: next };
  }
};

export const retryAll = (port: OperationsPort, filter: TaskFilter): Promise<number> =>
  withAllDead(port, filter, (taskId) => retryTask(port, taskId));

export const dropAll = (port: OperationsPort, filter: TaskFilter): Promise<number> =>
  withAllDead(port, filter, (taskId) => dropTask(port, taskId));

/** @throws BAD_OPTION */
export const drainWorker = async (port: OperationsPort, worker: string): Promise<number> => {
  if (Buffer.byteLength(worker) > limits.workerNameMaxBytes) {
    throw new MillraceError('BAD_OPTION', `'${worker}' is too long for the name of a worker`);
  }
  const { workers } = await inquire(port, 'workerDraining', (requestId) => ({
    verb: 'drainWorker',
    requestId,
    worker,
  }));
  return workers;
};
