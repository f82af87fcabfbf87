import { MillraceError, type QueueStatus, suggestion } from '@millrace/protocol';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print, printJson, renderPairs } from '../terminal/output.ts';
import { bytes, duration } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

const render = (queue: QueueStatus): string =>
  renderPairs([
    ['queue', queue.name],
    ['state', queue.isPaused ? 'paused' : 'active'],
    ['workers', queue.workers],
    ['ready', queue.ready],
    ['running', queue.running],
    ['scheduled', queue.scheduled - queue.retrying],
    ['retrying', queue.retrying],
    ['oldest waits', queue.oldestWaitingMs === null ? '-' : duration(queue.oldestWaitingMs)],
    [
      'run time',
      queue.runP95Ms === null
        ? '-'
        : `95 of 100 recent attempts took less than ${duration(queue.runP95Ms)}`,
    ],
    ['holds', `${bytes(queue.bytes)}, at most ${queue.maxItems} tasks and items`],
    ['in, out', `${queue.inPerSecond.toFixed(1)}/s, ${queue.outPerSecond.toFixed(1)}/s`],
    ['enqueued', queue.enqueued],
    ['succeeded', queue.succeeded],
    ['dead', queue.dead],
    ['dead, kept', queue.deadKept],
    ['cancelled', queue.cancelled],
    ['expired', queue.expired],
    ['granted again', queue.regranted],
    ['workers lost', queue.losses],
  ]);

/** `millrace queue show NAME`: prints one queue. */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { queues } = await client.status();
    const queue = queues.find((one) => one.name === name);
    if (queue === undefined) {
      const known = suggestion(
        name,
        queues.map((one) => one.name),
      );
      throw new MillraceError('UNKNOWN_QUEUE', `no queue '${name}' is declared${known}`);
    }
    if (flags.json === true) {
      printJson(queue);
    } else {
      print(render(queue));
    }
  });

export const queueShowVerb: Verb = (parent) => {
  connectOptions(
    parent.command('show').description('show a queue').argument('<name>', 'name of the queue'),
  )
    .option('--json', 'print the queue as JSON')
    .addHelpText('after', example('millrace queue show images'))
    .action(run);
};
