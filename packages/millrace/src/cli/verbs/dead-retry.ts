import { actOnDead, deadOptions } from '../asking/dead-choice.ts';
import { example, type Verb } from './verb.ts';

/** `millrace dead retry`. */
const run = actOnDead({
  one: (task) => task.retry(),
  all: (client, filter) => client.retryAll(filter),
});

export const deadRetryVerb: Verb = (parent) => {
  deadOptions(
    parent
      .command('retry')
      .description('do the work of dead tasks anew; prints how many were retried'),
  )
    .addHelpText('after', example('millrace dead retry --queue images'))
    .action(run);
};
