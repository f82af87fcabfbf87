import { type TaskState, taskStates } from '@millrace/protocol';
import { Option } from 'commander';
import { present } from '../../config/present.ts';
import { wholeNumber } from '../asking/parse.ts';
import { printTasks } from '../asking/task-list.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly name?: string;
  readonly state?: TaskState;
  readonly limit?: number;
  readonly json?: boolean;
}

/** `millrace task ls`: a row per task. */
const run = (flags: Flags): Promise<void> =>
  withClient(flags, (client) => {
    const { name, queue, state } = flags;
    return printTasks(client, present({ name, queue, state }), flags);
  });

export const taskListVerb: Verb = (parent) => {
  connectOptions(parent.command('ls').description('a row per task'))
    .option('--queue <name>', 'of this queue')
    .option('--name <task>', 'of this name')
    .addOption(new Option('--state <state>', 'in this state').choices(taskStates))
    .option('--limit <n>', 'at most so many (default: 100)', wholeNumber)
    .option('--json', 'print them as JSON')
    .addHelpText('after', example('millrace task ls --queue images --state leased'))
    .action(run);
};
