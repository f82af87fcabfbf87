import {
  type CallOptions,
  callOptions,
  checkName,
  checkOptions,
  checkText,
  inquire,
  limits,
  type MessageNamed,
  MillraceError,
  readAbandoned,
  type TaskState,
  type TimedPort,
  taskStates,
} from '@millrace/protocol';

/** Selects tasks; without a field, all of them. */
export interface TaskFilter {
  readonly queue?: string;
  /** Name of the task; empty for items. */
  readonly name?: string;
  /** Only dead tasks of the group with this fingerprint, see `deadGroups`. */
  readonly fingerprint?: string;
}

export interface ListOptions extends TaskFilter, CallOptions {
  /** Only tasks in this state. Default: all tasks by their ids, which is by age. */
  readonly state?: TaskState;
  /** Tasks on the page, 1 to 500. Default 100. */
  readonly limit?: number;
  /** `next` of the previous page of the same listing. */
  readonly after?: string;
  /** Whether the listing begins with its last task, which without a `state` is the newest. Default false. */
  readonly backward?: boolean;
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
  /** Time since the task was accepted. */
  readonly ageMs: number;
  /** Time until the task is ready, if it is scheduled. */
  readonly dueInMs: number | undefined;
  /** Name and text of the last failure, cut short; `inspect` has all of it. */
  readonly error: string | undefined;
}

export interface TaskPage {
  readonly tasks: readonly ListedTask[];
  /** Cursor of the next page; `undefined` on the last one. A page can be short, even empty, and not be the last. */
  readonly next: string | undefined;
}

/** @throws BAD_OPTION */
export const checkFilter = ({ fingerprint, name, queue }: TaskFilter): void => {
  if (queue !== undefined) {
    checkName('queue', queue);
  }
  if (name !== undefined && name !== '') {
    checkName('task', name);
  }
  if (fingerprint !== undefined && !/^[0-9a-f]{16}$/.test(fingerprint)) {
    throw new MillraceError(
      'BAD_OPTION',
      `'${fingerprint}' is no fingerprint: a fingerprint has 16 hexadecimal digits, and deadGroups lists all of them`,
    );
  }
};

/** @throws BAD_OPTION */
const checkListing = ({
  after = '',
  limit = limits.listPageTasks,
  state,
  ...filter
}: ListOptions): void => {
  checkFilter(filter);
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.listPageMax) {
    throw new MillraceError(
      'BAD_OPTION',
      `limit must be from 1 to ${limits.listPageMax}, not ${limit}`,
    );
  }
  if (state !== undefined && !taskStates.includes(state)) {
    throw new MillraceError('BAD_OPTION', `'${state}' is not a state: ${taskStates.join(', ')}`);
  }
  checkText(after, 'after');
  if (Buffer.byteLength(after) > limits.cursorMaxBytes) {
    throw new MillraceError('BAD_OPTION', 'after must be the `next` of the previous page');
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
export const listTasks = async (port: TimedPort, options: ListOptions): Promise<TaskPage> => {
  checkOptions(options, 'a listing of tasks');
  checkListing(options);
  const {
    after,
    backward,
    fingerprint,
    limit = limits.listPageTasks,
    name,
    queue,
    state,
  } = options;
  const { next, tasks } = await inquire(
    port,
    'taskPage',
    {
      build: (requestId) => ({
        verb: 'listTasks',
        requestId,
        queue,
        name,
        state,
        limit,
        after,
        backward,
        fingerprint,
      }),
      giveUp: (end, timeoutMs) => readAbandoned(end, 'a page of tasks', timeoutMs),
    },
    callOptions(options.signal, options.timeoutMs),
  );
  return { tasks: tasks.map(listedTask), next };
};

/** Every task that a listing finds, page after page; time and signal hold for each page. */
export async function* eachTask(
  port: TimedPort,
  options: Omit<ListOptions, 'after'>,
): AsyncGenerator<ListedTask> {
  let page = await listTasks(port, options);
  yield* page.tasks;
  while (page.next !== undefined) {
    page = await listTasks(port, { ...options, after: page.next });
    yield* page.tasks;
  }
}
