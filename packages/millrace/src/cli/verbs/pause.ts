import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { example, type Verb } from './verb.ts';

/** `millrace queue pause NAME`; prints nothing. */
export const pauseVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('pause')
      .description('hand out nothing from a queue until it is resumed')
      .argument('<name>', 'name of the queue'),
  )
    .addHelpText('after', example('millrace queue pause images'))
    .action((name: string, flags: ConnectFlags) =>
      withClient(flags, (client) => client.queue(name).pause()),
    );
};

/** `millrace queue resume NAME`; prints nothing. */
export const resumeVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('resume')
      .description('end the pause of a queue')
      .argument('<name>', 'name of the queue'),
  )
    .addHelpText('after', example('millrace queue resume images'))
    .action((name: string, flags: ConnectFlags) =>
      withClient(flags, (client) => client.queue(name).resume()),
    );
};
