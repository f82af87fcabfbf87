import { defineTask } from '@millrace/protocol';
import { present } from '../../config/present.ts';
import { awaitResult } from '../await-result.ts';
import { jsonLine, print } from '../output.ts';
import { durationMs, json, wholeNumber } from '../parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../with-client.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly priority?: number;
  readonly delay?: number;
}

/** `millrace enqueue TASK JSON`: prints the task's id, or with `--wait` its result as JSON. */
const run = (name: string, payload: unknown, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { delay: delayMs, priority, queue, timeout: timeoutMs, wait } = flags;
    const task = defineTask(name, present({ queue }));
    const handle = await client.enqueue(task, payload, present({ delayMs, priority }));
    print(wait === true ? jsonLine(await awaitResult(handle, timeoutMs)) : handle.id);
  });

export const enqueueVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('enqueue')
      .description('add a task; prints its id, or its result')
      .argument('<task>', 'name of the task')
      .argument('<json>', 'its payload', json),
  )
    .option('--queue <name>', 'queue of the task (default: default)')
    .option('--wait', 'wait for the result and print it as JSON')
    .option('--timeout <time>', 'longest wait for the result, such as 30s', durationMs)
    .option('--priority <n>', '-128 to 127, higher first', wholeNumber)
    .option('--delay <time>', 'wait before the task is ready, such as 5m', durationMs)
    .addHelpText('after', example(`millrace enqueue greet '{"name":"Ada"}' --wait`))
    .action(run);
};
