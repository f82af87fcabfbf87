import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

/** `millrace schedule pause NAME`; prints nothing. */
export const schedulePauseVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('pause')
      .description('make no tasks of a schedule until it is resumed')
      .argument('<name>', 'name of the schedule'),
  )
    .addHelpText('after', example('millrace schedule pause nightly'))
    .action((name: string, flags: ConnectFlags) =>
      withClient(flags, (client) => client.pauseSchedule(name)),
    );
};

/** `millrace schedule resume NAME`; prints nothing. */
export const scheduleResumeVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('resume')
      .description('end the pause of a schedule; its next tick is after now')
      .argument('<name>', 'name of the schedule'),
  )
    .addHelpText('after', example('millrace schedule resume nightly'))
    .action((name: string, flags: ConnectFlags) =>
      withClient(flags, (client) => client.resumeSchedule(name)),
    );
};
