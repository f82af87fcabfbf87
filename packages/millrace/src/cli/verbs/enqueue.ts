import type { TaskHandle } from '@millrace/client';
import { defineTask } from '@millrace/protocol';
import { present } from '../../config/present.ts';
import { jsonLine, print, say } from '../output.ts';
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

/** A task that is not taken by then may have a name that nobody handles. */
const DOUBT_MS = 3_000;

const doubt = async (handle: TaskHandle): Promise<void> => {
  const { name, queue, state } = await handle.inspect();
  if (state === 'ready') {
    say(
      `task '${name}' still waits in queue '${queue}': does a worker handle it, and has it a free slot? (millrace status)`,
    );
  }
};

const resultOf = async (handle: TaskHandle, timeoutMs: number | undefined): Promise<unknown> => {
  // That nobody took the task is a hint; the result is what was asked for.
  const timer = setTimeout(() => void doubt(handle).catch(() => {}), DOUBT_MS);
  try {
    return await handle.result(present({ timeoutMs }));
  } finally {
    clearTimeout(timer);
  }
};

/** `millrace enqueue TASK JSON`: prints the task's id, or with `--wait` its result as JSON. */
const run = (name: string, payload: unknown, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { delay: delayMs, priority, queue, timeout: timeoutMs, wait } = flags;
    const task = defineTask(name, present({ queue }));
    const handle = await client.enqueue(task, payload, present({ delayMs, priority }));
    print(wait === true ? jsonLine(await resultOf(handle, timeoutMs)) : handle.id);
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
