import type { ScheduleInfo, ScheduleRun } from '@millrace/client';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { instantText } from '../terminal/instant.ts';
import { jsonLine, print, printJson, renderPairs } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { duration, exactDuration } from '../terminal/units.ts';
import { nextText, timesText } from './list-schedules.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

const SHOWN_CHARS = 1_000;

const pair = (name: string, value: string | undefined): [string, string][] =>
  value === undefined ? [] : [[name, value]];

const cut = (text: string): string =>
  text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}… (see --json)`;

const row = ({ endedAt, firedAt, kind, outcome, taskId, tickAt }: ScheduleRun): string[] => [
  instantText(tickAt),
  kind,
  outcome,
  endedAt === undefined ? '' : duration(Math.max(0, endedAt.getTime() - firedAt.getTime())),
  taskId,
];

const render = (info: ScheduleInfo): string =>
  [
    renderPairs([
      ['schedule', info.name],
      ['when', timesText(info)],
      ...pair('starts', info.startAt && instantText(info.startAt)),
      ...pair('ends', info.endAt && instantText(info.endAt)),
      ...pair('jitter', info.jitterMs === 0 ? undefined : exactDuration(info.jitterMs)),
      ['missed ticks', info.missed],
      ['next', nextText(info)],
      ...pair('delayed', info.delayed),
      ['task', info.task],
      ['queue', info.queue],
      ['input', cut(jsonLine(info.input))],
      ['origin', info.origin],
      ['left out', `${info.skipped} ticks`],
    ]),
    ...(info.runs.length === 0
      ? []
      : ['', renderTable(['TICK', 'RUN', 'OUTCOME', 'AFTER', 'TASK'], info.runs.map(row), 'text')]),
  ].join('\n');

/** `millrace schedule show NAME`: prints a schedule and its last runs. */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const info = await client.showSchedule(name);
    if (flags.json === true) {
      printJson(info);
    } else {
      print(render(info));
    }
  });

export const scheduleShowVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('show')
      .description('show a schedule with its last 50 runs')
      .argument('<name>', 'name of the schedule'),
  )
    .option('--json', 'print it as JSON')
    .addHelpText('after', example('millrace schedule show nightly'))
    .action(run);
};
