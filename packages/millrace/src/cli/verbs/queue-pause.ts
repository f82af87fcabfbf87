import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

/** `millrace queue pause NAME`; says nothing. */
const run = (name: string, flags: ConnectFlags): Promise<void> =>
  withClient(flags, (client) => client.queue(name).pause());

export const queuePauseVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('pause')
      .description('deal nothing from a queue until it is resumed')
      .argument('<name>', 'name of the queue'),
  )
    .addHelpText('after', example('millrace queue pause images'))
    .action(run);
};
