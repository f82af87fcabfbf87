import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

/** `millrace task retry ID`: prints the id of the task that does the work anew. */
const run = (id: string, flags: ConnectFlags): Promise<void> =>
  withClient(flags, async (client) => {
    const retried = await client.task(id).retry();
    print(retried.id);
  });

export const taskRetryVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('retry')
      .description('do the work of a dead task anew; prints the id of the new task')
      .argument('<id>', 'id of the task'),
  )
    .addHelpText('after', example('millrace task retry 0Q7zmAhAOMM7phqMD7i_g'))
    .action(run);
};
