import { defineTask } from '@millrace/protocol';
import { present } from '../../config/present.ts';
import { awaitResult } from '../asking/await-result.ts';
import { durationMs, json, wholeNumber } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { jsonLine, print } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly priority?: number;
  readonly delay?: number;
  readonly deadline?: number;
  readonly attempts?: number;
  readonly expires?: number;
}

/** `millrace enqueue TASK JSON`: prints the task's id, or with `--wait` its result as JSON. */
const run = (name: string, payload: unknown, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { attempts, priority, queue } = flags;
    const options = present({
      attempts,
      priority,
      delayMs: flags.delay,
      deadlineMs: flags.deadline,
      expiresInMs: flags.expires,
    });
    const handle = await client.enqueue(defineTask(name, present({ queue })), payload, options);
    print(flags.wait === true ? jsonLine(await awaitResult(handle, flags.timeout)) : handle.id);
  });

export const enqueueVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('enqueue')
      .description('add a task; prints its id, or its result')
      .argument('<task>', 'name of the task')
      .argument('<json>', 'payload of the task', json),
  )
    .option('--queue <name>', 'queue of the task (default: default)')
    .option('--wait', 'wait for the result and print it as JSON')
    .option('--timeout <time>', 'longest wait for the result, such as 30s', durationMs)
    .option('--priority <n>', '-128 to 127, higher first', wholeNumber)
    .option('--delay <time>', 'wait before the task is ready, such as 5m', durationMs)
    .option('--deadline <time>', 'longest time that an attempt may run (default: 15m)', durationMs)
    .option(
      '--attempts <n>',
      'failed attempts after which the task is dead (default: 5)',
      wholeNumber,
    )
    .option(
      '--expires <time>',
      'expire the task unless it starts within this time, such as 1h',
      durationMs,
    )
    .addHelpText('after', example(`millrace enqueue greet '{"name":"Ada"}' --wait`))
    .action(run);
};
