import { wholeNumber } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

/** `millrace task priority ID N`: prints nothing. */
const run = (id: string, priority: number, flags: ConnectFlags): Promise<void> =>
  withClient(flags, (client) => client.task(id).setPriority(priority));

export const prioritizeVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('priority')
      .description('change the priority of a task that waits')
      .argument('<id>', 'id of the task')
      .argument('<number>', 'priority from -128 to 127, higher first', wholeNumber),
  )
    .addHelpText('after', example('millrace task priority 0Q7zmAhAOMM7phqMD7i_g 5'))
    .action(run);
};
