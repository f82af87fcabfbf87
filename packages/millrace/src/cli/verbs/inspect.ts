import type { TaskInfo } from '@millrace/client';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print, printJson, renderPairs } from '../terminal/output.ts';
import { bytes } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

const render = (id: string, info: TaskInfo): string =>
  renderPairs([
    ['id', id],
    ['task', info.name],
    ['queue', info.queue],
    ['state', info.state],
    ['priority', info.priority],
    ['attempts failed', info.failures],
    ['workers lost', info.losses],
    ['returned', info.returns],
    ['payload', bytes(info.payloadBytes)],
    ...(info.error === undefined
      ? []
      : [['last error', `${info.error.name}: ${info.error.message}`] as const]),
  ]);

/** `millrace task show ID`: prints what the manager knows about a task. */
const run = (id: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const info = await client.task(id).inspect();
    if (flags.json === true) {
      printJson({ id, ...info });
    } else {
      print(render(id, info));
    }
  });

export const inspectVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('show')
      .description('show what the manager knows about a task')
      .argument('<id>', 'id of the task'),
  )
    .option('--json', 'print the task as JSON')
    .addHelpText('after', example('millrace task show 0Q7zmAhAOMM7phqMD7i_g'))
    .action(run);
};
