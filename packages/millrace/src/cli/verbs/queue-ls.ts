import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { queueGlossary } from '../status/columns.ts';
import { queueTable } from '../status/render.ts';
import { print, printJson } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

/** `millrace queue ls`: prints a row for each queue. */
const run = (flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { queues } = await client.status();
    if (flags.json === true) {
      printJson(queues);
    } else {
      print(queueTable(queues));
    }
  });

export const queueListVerb: Verb = (parent) => {
  connectOptions(parent.command('ls').description('list queues'))
    .option('--json', 'print the queues as JSON')
    .addHelpText('after', example('millrace queue ls --json'))
    .addHelpText('after', queueGlossary)
    .action(run);
};
