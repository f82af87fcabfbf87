import { present } from '../../config/present.ts';
import { wholeNumber } from '../asking/parse.ts';
import { printTasks } from '../asking/task-list.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly name?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

/** `millrace dead ls`: a row per dead task, with its last error. */
const run = (flags: Flags): Promise<void> =>
  withClient(flags, (client) => {
    const { name, queue } = flags;
    return printTasks(client, { state: 'dead', ...present({ name, queue }) }, flags);
  });

export const deadListVerb: Verb = (parent) => {
  connectOptions(parent.command('ls').description('a row per dead task, with its last error'))
    .option('--queue <name>', 'of this queue')
    .option('--name <task>', 'of this name')
    .option('--limit <n>', 'at most so many (default: 100)', wholeNumber)
    .option('--json', 'print them as JSON')
    .addHelpText('after', example('millrace dead ls --queue images'))
    .action(run);
};
