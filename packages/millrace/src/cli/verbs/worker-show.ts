import { MillraceError, type WorkerStatus } from '@millrace/protocol';
import type { Command } from 'commander';
import { suggestion } from '../../config/suggest.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print, printJson, renderPairs } from '../terminal/output.ts';
import { bytes, duration } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

const orDash = (value: number | null, render: (value: number) => string): string =>
  value === null ? '-' : render(value);

const render = (worker: WorkerStatus): string =>
  renderPairs([
    ['worker', worker.name],
    ['session', worker.sessionId],
    ['state', worker.isDraining ? 'draining' : 'working'],
    ['host', worker.host],
    ['pid', worker.pid],
    ['slots', `${worker.busySlots} of ${worker.slots} taken`],
    ['tasks', worker.running],
    ['process heard', `${duration(worker.processHeardMsAgo)} ago`],
    ['loop heard', orDash(worker.loopHeardMsAgo, (ms) => `${duration(ms)} ago`)],
    ['round trip', orDash(worker.roundTripMs, duration)],
    ['loop lag', orDash(worker.loopLagMs, duration)],
    ['memory', orDash(worker.rssBytes, bytes)],
  ]);

/** `millrace worker show NAME`: prints one worker, or all of one name. */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { workers } = await client.status();
    const found = workers.filter((worker) => worker.name === name);
    if (found.length === 0) {
      const known = suggestion(
        name,
        workers.map((worker) => worker.name),
      );
      throw new MillraceError('UNKNOWN_WORKER', `no worker '${name}' is connected${known}`);
    }
    if (flags.json === true) {
      printJson(found);
    } else {
      print(found.map(render).join('\n\n'));
    }
  });

export const workerShowVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('show')
      .description('show a worker, or all workers of one name')
      .argument('<name>', 'name of the worker'),
  )
    .option('--json', 'print the workers as JSON')
    .addHelpText('after', example('millrace worker show mill-1'))
    .action((name: string, _options: unknown, command: Command) =>
      run(name, command.optsWithGlobals<Flags>()),
    );
};
