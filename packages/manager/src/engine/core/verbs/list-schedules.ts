import { limits, type ScheduleOrigin } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import { nameOfScheduleKey, rangeOf } from '../rows/keys.ts';
import { Budget, cursorOf, positionOf } from '../rows/walk.ts';
import { findSchedule, findSpec } from '../schedules.ts';
import type { State } from '../state.ts';

export interface ScheduleSummary {
  readonly name: string;
  readonly origin: ScheduleOrigin;
  readonly queue: string;
  readonly task: string;
  readonly cron: string | undefined;
  readonly timeZone: string | undefined;
  readonly everyMs: number | undefined;
  readonly isPaused: boolean;
  readonly nextAtMs: number | undefined;
  /** Why its task could not be added when its tick was due. */
  readonly delayed: string | undefined;
}

export interface SchedulePage {
  readonly schedules: readonly ScheduleSummary[];
  readonly next: string | undefined;
}

/** The durable schedules in the order of their names, from a key on. */
export function* schedulesFrom(
  { journal }: State,
  from: string | undefined,
): Generator<{ readonly key: string; readonly name: string }> {
  const [first, end] = rangeOf('schedule');
  for (let next = from !== undefined && from > first ? from : first; ; ) {
    const rows = journal.range(next, end, tuning.sweepRows);
    for (const { key } of rows) {
      yield { key, name: nameOfScheduleKey(key) };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < tuning.sweepRows) {
      return;
    }
    next = `${last.key}\0`;
  }
}

/** Why a schedule is delayed, as far as memory knows: a start forgets it until the next try. */
export const delayOf = (state: State, name: string, isDelayed: boolean): string | undefined =>
  isDelayed
    ? (state.schedules.delayed.get(name) ??
      'its task could not be added before the manager started')
    : undefined;

/** A page of schedules. */
export const listSchedules = (
  state: State,
  { after }: { readonly after: string | undefined },
): SchedulePage => {
  const schedules: ScheduleSummary[] = [];
  const budget = new Budget(limits.schedulePageMax, limits.listReadBytes);
  for (const { key, name } of schedulesFrom(state, after && positionOf(after).key)) {
    if (budget.isSpent) {
      return { schedules, next: cursorOf({ key, index: 0 }) };
    }
    const schedule = findSchedule(state, name);
    const spec = findSpec(state, name);
    budget.spend(spec?.payload.length ?? 0);
    if (schedule !== undefined && spec !== undefined) {
      const { isDelayed, isPaused, nextAtMs, origin } = schedule;
      const { cron, everyMs, queue, task, timeZone } = spec;
      const delayed = delayOf(state, name, isDelayed);
      const told = { name, origin, queue, task, cron, timeZone, everyMs };
      schedules.push({ ...told, isPaused, nextAtMs, delayed });
    }
  }
  return { schedules, next: undefined };
};
