import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

/** `millrace queue purge NAME`: prints how many tasks and items it removed. */
const run = (name: string, flags: ConnectFlags): Promise<void> =>
  withClient(flags, async (client) => print(String(await client.queue(name).purge())));

export const purgeVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('purge')
      .description('cancel every waiting task and remove every waiting item; prints how many')
      .argument('<name>', 'name of the queue'),
  )
    .addHelpText('after', example('millrace queue purge images'))
    .action(run);
};
