import { actOnDead, deadOptions } from '../asking/dead-choice.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

/** `millrace task retry ID`: prints the id of the new task. */
export const taskRetryVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('retry')
      .description('run a dead task again as a new task; prints the id of the new task')
      .argument('<id>', 'id of the task'),
  )
    .addHelpText('after', example('millrace task retry 0Q7zmAhAOMM7phqMD7i_g'))
    .action((id: string, flags: ConnectFlags) =>
      withClient(flags, async (client) => {
        const retried = await client.task(id).retry();
        print(retried.id);
      }),
    );
};

/** `millrace dead retry [ID…]`: prints how many tasks it retried. */
export const deadRetryVerb: Verb = (parent) => {
  deadOptions(
    parent.command('retry').description('run dead tasks again as new tasks; prints how many'),
  )
    .addHelpText('after', example('millrace dead retry --queue images'))
    .action(
      actOnDead({
        one: (task) => task.retry(),
        all: (client, filter) => client.retryAll(filter),
      }),
    );
};
