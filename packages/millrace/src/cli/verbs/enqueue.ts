import { type AnyTask, defineTask, MillraceError, type TaskOptions } from '@millrace/protocol';
import { present } from '../../config/present.ts';
import { awaitResult } from '../asking/await-result.ts';
import { definitionIn } from '../asking/definition.ts';
import { durationMs, durationsMs, instant, wholeNumber } from '../asking/parse.ts';
import { payloadOf } from '../asking/payload.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { jsonLine, print, say } from '../terminal/output.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly queue?: string;
  readonly from?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly priority?: number;
  readonly delay?: number;
  readonly deadline?: number;
  readonly attempts?: number;
  readonly expires?: number;
  readonly at?: Date;
  readonly backoff?: readonly number[];
  readonly key?: string;
  readonly for?: number;
  readonly debounce?: number;
  readonly taskVersion?: number;
}

/**
 * The option of the task's key, if it has one.
 *
 * @throws BAD_OPTION for `--for` or `--debounce` without `--key`, and for both of them
 */
const keyed = ({ debounce, for: forMs, key }: Flags): TaskOptions => {
  if (key === undefined) {
    if (debounce !== undefined || forMs !== undefined) {
      throw new MillraceError('BAD_OPTION', '--for and --debounce need --key');
    }
    return {};
  }
  if (debounce !== undefined && forMs !== undefined) {
    throw new MillraceError('BAD_OPTION', 'give --for or --debounce, not both');
  }
  return debounce === undefined
    ? { idempotencyKey: present({ key, forMs }) }
    : { debounce: { key, ms: debounce } };
};

/** The task: as its module defines it, or of this name without a schema. */
const taskOf = async (name: string, { from, queue, taskVersion }: Flags): Promise<AnyTask> => {
  if (from === undefined) {
    return defineTask(name, present({ queue, version: taskVersion }));
  }
  const found = await definitionIn(from, name, queue);
  return { ...found, ...present({ queue, version: taskVersion }) };
};

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A process that is ended while it waits says first which task goes on. */
const sayIdWhenStopped = (id: string): void => {
  for (const signal of signals) {
    process.once(signal, () => {
      say(
        `no longer waiting; task ${id} goes on, and 'millrace task result ${id}' prints its result`,
      );
      process.kill(process.pid, signal);
    });
  }
};

/** `millrace enqueue TASK JSON`: prints the task's id, or with `--wait` its result as JSON. */
const run = async (name: string, argument: string, flags: Flags): Promise<void> => {
  const task = await taskOf(name, flags);
  const payload = await payloadOf(argument);
  await withClient(flags, async (client) => {
    const { at, attempts, backoff, priority } = flags;
    const options = present({
      attempts,
      priority,
      delayMs: flags.delay,
      deadlineMs: flags.deadline,
      expiresInMs: flags.expires,
      runAt: at,
      retry: backoff && { backoff },
      ...keyed(flags),
    });
    const handle = await client.enqueue(task, payload, options);
    if (handle.isNew === false) {
      say(`task ${handle.id} holds the key, so no task was added`);
    }
    if (flags.wait === true) {
      sayIdWhenStopped(handle.id);
      print(jsonLine(await awaitResult(handle, flags.timeout)));
    } else {
      print(handle.id);
    }
  });
};

export const enqueueVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('enqueue')
      .description('add a task; prints its id, or its result')
      .argument('<task>', 'name of the task')
      .argument('<json>', 'payload: JSON, - for JSON from stdin, @FILE for JSON from a file'),
  )
    .option('--queue <name>', 'queue of the task (default: default)')
    .option('--task-version <n>', 'version of the definition (default: 1)', wholeNumber)
    .option('--from <module>', 'module with the definition: its queue, options and schema')
    .option('--wait', 'wait for the result and print it as JSON')
    .option('--timeout <time>', 'longest wait for the result, such as 30s', durationMs)
    .option('--priority <n>', '-128 to 127, higher first', wholeNumber)
    .option('--delay <time>', 'wait before the task is ready, such as 5m', durationMs)
    .option('--at <time>', 'when the task is ready, such as 2030-01-31T08:00:00Z', instant)
    .option('--deadline <time>', 'longest time that an attempt may run (default: 15m)', durationMs)
    .option(
      '--attempts <n>',
      'failed attempts after which the task is dead (default: 5)',
      wholeNumber,
    )
    .option('--key <text>', 'add no task while an unfinished task holds this key')
    .option(
      '--for <time>',
      'hold the key for this time, such as 1h, not until the task ends',
      durationMs,
    )
    .option(
      '--debounce <time>',
      'wait this time; until then, an enqueue with the same key replaces the payload and restarts the wait',
      durationMs,
    )
    .option(
      '--backoff <times>',
      'waits between attempts, such as 1s,10s,1m; the last wait repeats',
      durationsMs,
    )
    .option(
      '--expires <time>',
      'expire the task unless it starts within this time, such as 1h',
      durationMs,
    )
    .addHelpText(
      'after',
      example(
        `millrace enqueue greet '{"name":"Ada"}' --wait`,
        'millrace enqueue image.resize @image.json --from tasks.ts',
      ),
    )
    .action(run);
};
