import { actOnDead, deadOptions } from '../asking/dead-choice.ts';
import { example, type Verb } from './verb.ts';

/** `millrace dead drop [ID…]`: prints how many tasks it dropped. */
const run = actOnDead({
  one: (task) => task.drop(),
  all: (client, filter, options) => client.dropAll(filter, options),
});

export const dropVerb: Verb = (parent) => {
  deadOptions(
    parent
      .command('drop')
      .description('remove dead tasks before their retention ends; prints how many'),
  )
    .addHelpText('after', example('millrace dead drop --queue images'))
    .action(run);
};
