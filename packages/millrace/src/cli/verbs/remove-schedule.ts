import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

/** `millrace schedule rm NAME`; prints nothing. */
export const scheduleRemoveVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('rm')
      .description('remove a schedule; the tasks that it made stay')
      .argument('<name>', 'name of the schedule'),
  )
    .addHelpText('after', example('millrace schedule rm nightly'))
    .action((name: string, flags: ConnectFlags) =>
      withClient(flags, (client) => client.removeSchedule(name)),
    );
};
