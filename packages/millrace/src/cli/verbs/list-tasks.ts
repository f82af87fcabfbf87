import type { Client, ListedTask, ListOptions, RemoteError } from '@millrace/client';
import { codeOf, type TaskState, taskStates } from '@millrace/protocol';
import { type Command, Option } from 'commander';
import { present } from '../../config/present.ts';
import { countOf } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { errorLines } from '../terminal/error-lines.ts';
import { print, printJson, say } from '../terminal/output.ts';
import { plainText } from '../terminal/plain-text.ts';
import { renderTable } from '../terminal/table.ts';
import { duration } from '../terminal/units.ts';
import { showDeadGroups } from './dead-groups.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly name?: string;
  readonly state?: TaskState;
  readonly group?: string | true;
  readonly limit?: number;
  readonly json?: boolean;
  readonly stack?: boolean;
}

const LIMIT = 100;

/** The first `limit` tasks; a page of the listing may be short, even empty. */
const collect = async (
  client: Client,
  options: ListOptions,
  limit: number,
): Promise<ListedTask[]> => {
  const found: ListedTask[] = [];
  for await (const task of client.tasks({ ...options, limit: Math.min(limit, LIMIT) })) {
    found.push(task);
    if (found.length >= limit) {
      break;
    }
  }
  return found;
};

const nameOf = ({ name }: ListedTask): string => (name === '' ? '(item)' : name);

const row = (task: ListedTask): string[] => [
  task.id,
  task.queue,
  nameOf(task),
  task.state,
  duration(task.ageMs),
  String(task.failures),
  task.error?.split('\n')[0] ?? '',
];

interface DescribedTask extends ListedTask {
  readonly lastError?: RemoteError | undefined;
}

/** The task with its last error in full; without the error if the task was removed meanwhile. */
const describe = async (client: Client, task: ListedTask): Promise<DescribedTask> => {
  try {
    return { ...task, lastError: (await client.task(task.id).inspect()).error };
  } catch (error) {
    if (codeOf(error) === 'UNKNOWN_TASK') {
      return task;
    }
    throw error;
  }
};

const describeAll = async (
  client: Client,
  tasks: readonly ListedTask[],
): Promise<DescribedTask[]> => {
  const described: DescribedTask[] = [];
  for (const task of tasks) {
    described.push(await describe(client, task));
  }
  return described;
};

/** A line for the task, and below it the lines of its last error. */
const stackOf = ({ lastError, ...task }: DescribedTask): string =>
  [
    plainText(`${task.id}  ${nameOf(task)} in queue ${task.queue}, ${duration(task.ageMs)} old`),
    ...(lastError === undefined ? ['  no error is kept'] : errorLines(lastError)),
  ].join('\n');

const render = (tasks: readonly ListedTask[]): string =>
  renderTable(['ID', 'QUEUE', 'TASK', 'STATE', 'AGE', 'FAILED', 'ERROR'], tasks.map(row), 'text');

/** States whose listing begins with the task that comes next. Any other listing begins with the newest task. */
const waiting: readonly (TaskState | undefined)[] = ['scheduled', 'ready', 'leased'];

/** The wanted tasks, and whether there are more. */
const list = async (client: Client, flags: Flags): Promise<[ListedTask[], boolean]> => {
  const { group, limit = LIMIT, name, queue, state } = flags;
  if (queue !== undefined) {
    // Refuses an unknown queue, whose listing would be empty.
    await client.queue(queue).size();
  }
  const fingerprint = group === true ? undefined : group;
  const backward = !waiting.includes(state);
  const options = present({ name, queue, state, backward, fingerprint });
  // Without --limit one task more is read, to tell whether there are more.
  const found = await collect(client, options, flags.limit ?? LIMIT + 1);
  return [found.slice(0, limit), found.length > limit];
};

const run = (flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const [tasks, isMore] = await list(client, flags);
    const described = flags.stack === true ? await describeAll(client, tasks) : tasks;
    if (flags.json === true) {
      printJson(described);
    } else {
      const isLong = flags.stack === true && tasks.length > 0;
      print(isLong ? described.map(stackOf).join('\n\n') : render(tasks));
    }
    if (isMore) {
      say(`only the first ${tasks.length} tasks are shown; use --limit to show more`);
    }
  });

const filterOptions = (command: Command): Command =>
  connectOptions(command)
    .option('--queue <name>', 'only tasks of this queue')
    .option('--name <task>', 'only tasks of this name');

const outputOptions = (command: Command): Command =>
  command
    .option('--limit <n>', `show at most this many tasks (default: ${LIMIT})`, countOf)
    .option('--json', 'print the tasks as JSON');

/** `millrace task ls`: prints a row for each task. */
export const taskListVerb: Verb = (parent) => {
  const command = filterOptions(parent.command('ls').description('list tasks, the newest first'));
  const state = new Option(
    '--state <state>',
    'only tasks in this state; waiting and running tasks come in their order',
  ).choices(taskStates);
  outputOptions(command.addOption(state))
    .addHelpText('after', example('millrace task ls --queue images --state leased'))
    .action(run);
};

/** `millrace dead ls`: prints a row for each dead task, with its last error. */
export const deadListVerb: Verb = (parent) => {
  const command = filterOptions(
    parent.command('ls').description('list dead tasks with their last errors, the newest first'),
  );
  outputOptions(command)
    .option('--stack', 'show each error in full, with its stack and its causes')
    .option('--group [fingerprint]', 'count dead tasks by cause, or list those of one group')
    .addHelpText(
      'after',
      example(
        'millrace dead ls --queue images',
        'millrace dead ls --limit 1 --stack',
        'millrace dead ls --group',
      ),
    )
    .action((flags: Flags) =>
      flags.group === true ? showDeadGroups(flags) : run({ ...flags, state: 'dead' }),
    );
};
