import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print, say } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

/** `millrace schedule run NAME`: makes its task now, and prints the id of the task. */
const run = (name: string, flags: ConnectFlags): Promise<void> =>
  withClient(flags, async (client) => {
    const handle = await client.runSchedule(name);
    if (handle.isNew === false) {
      say(`task ${handle.id} has the key already, so no other was added`);
    }
    print(handle.id);
  });

export const scheduleRunVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('run')
      .description('make the task of a schedule now; prints its id')
      .argument('<name>', 'name of the schedule'),
  )
    .addHelpText('after', example('millrace schedule run nightly'))
    .action(run);
};
