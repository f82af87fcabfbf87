import type { ListedSchedule } from '@millrace/client';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { instantText } from '../terminal/instant.ts';
import { print, printJson } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { exactDuration } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

/** When a schedule ticks, in one text. */
export const timesText = ({
  cron,
  everyMs,
  timeZone,
}: Pick<ListedSchedule, 'cron' | 'everyMs' | 'timeZone'>): string =>
  everyMs === undefined
    ? `${cron}${timeZone === undefined ? '' : ` ${timeZone}`}`
    : `every ${exactDuration(everyMs)}`;

/** The next tick, or why there is none. */
export const nextText = ({
  delayed,
  isPaused,
  nextAt,
}: Pick<ListedSchedule, 'delayed' | 'isPaused' | 'nextAt'>): string => {
  if (isPaused) {
    return 'paused';
  }
  if (delayed !== undefined) {
    return 'delayed';
  }
  return nextAt === undefined ? 'ended' : instantText(nextAt);
};

const row = (schedule: ListedSchedule): string[] => [
  schedule.name,
  timesText(schedule),
  nextText(schedule),
  schedule.task,
  schedule.queue,
  schedule.origin,
];

/** `millrace schedule ls`: prints a row for each schedule. */
const run = (flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const schedules: ListedSchedule[] = [];
    for await (const schedule of client.schedules()) {
      schedules.push(schedule);
    }
    if (flags.json === true) {
      printJson(schedules);
    } else {
      print(
        renderTable(
          ['SCHEDULE', 'WHEN', 'NEXT', 'TASK', 'QUEUE', 'ORIGIN'],
          schedules.map(row),
          'text',
        ),
      );
    }
  });

export const scheduleListVerb: Verb = (parent) => {
  connectOptions(parent.command('ls').description('list schedules by name'))
    .option('--json', 'print them as JSON')
    .addHelpText('after', example('millrace schedule ls'))
    .action(run);
};
