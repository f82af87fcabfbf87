import type { Command } from 'commander';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { workerTable } from '../status/render.ts';
import { print, printJson } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

/** `millrace worker ls`: prints a row for each worker. */
const run = (flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { workers } = await client.status();
    if (flags.json === true) {
      printJson(workers);
    } else {
      print(workerTable(workers));
    }
  });

export const workerListVerb: Verb = (parent) => {
  connectOptions(parent.command('ls').description('list workers'))
    .option('--json', 'print the workers as JSON')
    .addHelpText('after', example('millrace worker ls --json'))
    .action((_options: unknown, command: Command) => run(command.optsWithGlobals<Flags>()));
};
