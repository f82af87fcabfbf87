import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

/** `millrace queue resume NAME`; says nothing. */
const run = (name: string, flags: ConnectFlags): Promise<void> =>
  withClient(flags, (client) => client.queue(name).resume());

export const queueResumeVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('resume')
      .description('go on dealing from a queue')
      .argument('<name>', 'name of the queue'),
  )
    .addHelpText('after', example('millrace queue resume images'))
    .action(run);
};
