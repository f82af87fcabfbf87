import type { Client, ListedTask, ListOptions } from '@millrace/client';
import { type TaskState, taskStates } from '@millrace/protocol';
import { type Command, Option } from 'commander';
import { present } from '../../config/present.ts';
import { wholeNumber } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print, printJson, say } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { duration } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly name?: string;
  readonly state?: TaskState;
  readonly limit?: number;
  readonly json?: boolean;
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

const row = (task: ListedTask): string[] => [
  task.id,
  task.queue,
  task.name === '' ? '(item)' : task.name,
  task.state,
  duration(task.ageMs),
  String(task.failures),
  task.error?.split('\n')[0] ?? '',
];

const render = (tasks: readonly ListedTask[]): string =>
  renderTable(['ID', 'QUEUE', 'TASK', 'STATE', 'AGE', 'FAILED', 'ERROR'], tasks.map(row), 'text');

const run = (flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { limit, name, queue, state } = flags;
    if (queue !== undefined) {
      // Refuses a queue that there is not, whose listing would be empty.
      await client.queue(queue).size();
    }
    // Without --limit one task more is read, to tell whether there are more.
    const found = await collect(client, present({ name, queue, state }), limit ?? LIMIT + 1);
    const tasks = found.slice(0, limit ?? LIMIT);
    if (flags.json === true) {
      printJson(tasks);
    } else {
      print(render(tasks));
    }
    if (found.length > tasks.length) {
      say(`only the first ${tasks.length} tasks are shown; use --limit to show more`);
    }
  });

const filterOptions = (command: Command): Command =>
  connectOptions(command)
    .option('--queue <name>', 'only tasks of this queue')
    .option('--name <task>', 'only tasks of this name');

const outputOptions = (command: Command): Command =>
  command
    .option('--limit <n>', `show at most this many tasks (default: ${LIMIT})`, wholeNumber)
    .option('--json', 'print the tasks as JSON');

/** `millrace task ls`: prints a row for each task. */
export const taskListVerb: Verb = (parent) => {
  const command = filterOptions(parent.command('ls').description('list tasks'));
  outputOptions(
    command.addOption(
      new Option('--state <state>', 'only tasks in this state').choices(taskStates),
    ),
  )
    .addHelpText('after', example('millrace task ls --queue images --state leased'))
    .action(run);
};

/** `millrace dead ls`: prints a row for each dead task, with its last error. */
export const deadListVerb: Verb = (parent) => {
  const command = parent.command('ls').description('list dead tasks with their last errors');
  outputOptions(filterOptions(command))
    .addHelpText('after', example('millrace dead ls --queue images'))
    .action((flags: Flags) => run({ ...flags, state: 'dead' }));
};
