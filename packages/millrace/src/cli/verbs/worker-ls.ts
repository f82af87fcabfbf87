import type { Command } from 'commander';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { workerGlossary } from '../status/columns.ts';
import { workerTable } from '../status/render.ts';
import { print, printJson } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

/** `millrace worker ls`: prints a row for each worker, those that were lost lately included. */
const run = (flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { lostWorkers, workers } = await client.status();
    const all = [...workers, ...lostWorkers];
    if (flags.json === true) {
      printJson(all);
    } else {
      print(workerTable(all));
    }
  });

export const workerListVerb: Verb = (parent) => {
  connectOptions(
    parent.command('ls').description('list workers, those that were lost lately included'),
  )
    .option('--json', 'print the workers as JSON')
    .addHelpText('after', example('millrace worker ls --json'))
    .addHelpText('after', workerGlossary)
    .action((_options: unknown, command: Command) => run(command.optsWithGlobals<Flags>()));
};
