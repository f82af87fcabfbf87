import type { Command } from 'commander';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

/** `millrace worker drain NAME`: prints how many workers it asked. */
const run = (name: string, flags: ConnectFlags): Promise<void> =>
  withClient(flags, async (client) => print(String(await client.drainWorker(name))));

export const drainWorkerVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('drain')
      .description('ask workers to finish their running tasks and end; prints how many were asked')
      .argument('<name>', 'name or session of the worker'),
  )
    .addHelpText('after', example('millrace worker drain mill-1'))
    .action((name: string, _options: unknown, command: Command) =>
      run(name, command.optsWithGlobals<ConnectFlags>()),
    );
};
