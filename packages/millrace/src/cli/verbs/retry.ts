import { MillraceError } from '@millrace/protocol';
import { present } from '../../config/present.ts';
import { actOnDead, type DeadFlags, deadOptions } from '../asking/dead-choice.ts';
import { payloadOf } from '../asking/payload.ts';
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

interface RetryFlags extends DeadFlags {
  readonly payload?: string;
  readonly withoutKey?: boolean;
}

/** @throws BAD_OPTION for `--payload` without exactly one id, and for `--without-key` without ids */
const retryDead = async (ids: readonly string[], flags: RetryFlags): Promise<void> => {
  if (flags.payload !== undefined && ids.length !== 1) {
    throw new MillraceError('BAD_OPTION', '--payload needs the id of one task, and no other id');
  }
  if (flags.withoutKey === true && ids.length === 0) {
    throw new MillraceError('BAD_OPTION', '--without-key needs the ids of tasks');
  }
  const payload = flags.payload === undefined ? undefined : await payloadOf(flags.payload);
  const options = present({ payload, withoutKey: flags.withoutKey });
  await actOnDead({
    one: (task) => task.retry(options),
    all: (client, filter, bulk) => client.retryAll(filter, bulk),
  })(ids, flags);
};

/** `millrace dead retry [ID…]`: prints how many tasks it retried. */
export const deadRetryVerb: Verb = (parent) => {
  deadOptions(
    parent.command('retry').description('run dead tasks again as new tasks; prints how many'),
  )
    .option('--payload <json>', 'new payload for the one task: JSON, - for JSON from stdin, @FILE')
    .option('--without-key', 'give the new tasks no idempotency key; another task may hold it')
    .addHelpText(
      'after',
      example(
        'millrace dead retry --queue images',
        'millrace dead retry --group 0f3a9c5be1d24877 --rate 50/s',
      ),
    )
    .action(retryDead);
};
