import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly reason?: string;
}

/** `millrace task cancel ID`: prints `cancelled`, `requested` for a running task, or `finished`. */
const run = (id: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => print(await client.task(id).cancel(flags.reason)));

export const cancelVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('cancel')
      .description('cancel a task; a running task is asked to stop')
      .argument('<id>', 'id of the task'),
  )
    .option('--reason <text>', 'reason, kept as the error of the task')
    .addHelpText(
      'after',
      example('millrace task cancel 0Q7zmAhAOMM7phqMD7i_g --reason "sent twice"'),
    )
    .action(run);
};
