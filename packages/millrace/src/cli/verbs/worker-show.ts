import { MillraceError, suggestion, type WorkerStatus } from '@millrace/protocol';
import type { Command } from 'commander';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { print, printJson, renderPairs } from '../terminal/output.ts';
import { bytes, duration } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

const orDash = (value: number | null, render: (value: number) => string): string =>
  value === null ? '-' : render(value);

const slotsOf = ({ busySlots, lostSlots, slots }: WorkerStatus): string => {
  const taken = `${busySlots} of ${slots} taken`;
  return lostSlots === 0
    ? taken
    : `${taken}, ${lostSlots} of them lost to attempts that do not end`;
};

const loopOf = ({ loopBlockedMs, state }: WorkerStatus): string => {
  if (state === 'lost') {
    return '-';
  }
  return loopBlockedMs === 0 ? 'ok' : `blocked for ${duration(loopBlockedMs)}`;
};

const handleText = ({ name, queue, version }: WorkerStatus['handles'][number]): string =>
  `${name}${version === undefined ? '' : ` version ${version}`} (queue ${queue})`;

const handlesOf = ({ handles }: WorkerStatus): string =>
  handles.length === 0 ? '-' : handles.map(handleText).join(', ');

const render = (worker: WorkerStatus): string =>
  renderPairs([
    ['worker', worker.name],
    ['session', worker.sessionId],
    ['state', worker.state],
    ['host', worker.host],
    ['pid', worker.pid],
    ['slots', slotsOf(worker)],
    ['tasks', worker.running],
    ['process heard', `${duration(worker.processHeardMsAgo)} ago`],
    ['event loop', loopOf(worker)],
    ['round trip', orDash(worker.roundTripMs, duration)],
    ['loop lag', orDash(worker.loopLagMs, duration)],
    ['memory', orDash(worker.rssBytes, bytes)],
    ['handles', handlesOf(worker)],
  ]);

/** `millrace worker show NAME`: prints one worker, or all of one name. */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { lostWorkers, workers: present } = await client.status();
    const workers = [...present, ...lostWorkers];
    const found = workers.filter((worker) => worker.name === name);
    if (found.length === 0) {
      const known = suggestion(
        name,
        workers.map((worker) => worker.name),
      );
      throw new MillraceError(
        'UNKNOWN_WORKER',
        `no worker '${name}' is connected, and none was lost lately${known}`,
      );
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
