import type { ScheduleInfo } from '@millrace/client';
import { DEFAULT_TIME_ZONE, limits, MillraceError, nextTickMs } from '@millrace/protocol';
import { countOf } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { clockText, instantText } from '../terminal/instant.ts';
import { print, printJson, say } from '../terminal/output.ts';
import { renderTable } from '../terminal/table.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly count?: number;
  readonly json?: boolean;
}

const SHOWN = 10;

/** The next ticks of a schedule; of a paused one those that it would have if it went on now. */
const ticksOf = (info: ScheduleInfo, count: number): Date[] => {
  const { cron, endAt, everyMs, jitterMs, startAt, timeZone } = info;
  const span = { startAtMs: startAt?.getTime(), endAtMs: endAt?.getTime() };
  const times = { cron, everyMs, jitterMs, timeZone, ...span };
  const lastMs = info.lastTickAt.getTime();
  let tickMs: number | undefined = info.isPaused ? Math.max(lastMs, Date.now()) : lastMs;
  const ticks: Date[] = [];
  while (ticks.length < count) {
    tickMs = nextTickMs(times, info.createdAt.getTime(), tickMs);
    if (tickMs === undefined) {
      break;
    }
    ticks.push(new Date(tickMs));
  }
  return ticks;
};

/** `millrace schedule next NAME`: prints its next ticks, in UTC and in its zone. */
const run = (name: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const { count = SHOWN } = flags;
    if (count > limits.scheduleNextMax) {
      throw new MillraceError('BAD_OPTION', `--count is at most ${limits.scheduleNextMax}`);
    }
    const info = await client.showSchedule(name);
    const ticks = ticksOf(info, count);
    if (flags.json === true) {
      printJson(ticks);
      return;
    }
    if (info.isPaused) {
      say(`schedule '${name}' is paused; this is when it would tick`);
    }
    const { timeZone = DEFAULT_TIME_ZONE } = info;
    const rows = ticks.map((tick) => [instantText(tick), clockText(tick, timeZone)]);
    print(renderTable(['TICK', timeZone], rows, 'text'));
  });

export const scheduleNextVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('next')
      .description('print the next ticks of a schedule')
      .argument('<name>', 'name of the schedule'),
  )
    .option('--count <n>', 'number of ticks (default: 10)', countOf)
    .option('--json', 'print them as JSON')
    .addHelpText('after', example('millrace schedule next nightly --count 3'))
    .action(run);
};
