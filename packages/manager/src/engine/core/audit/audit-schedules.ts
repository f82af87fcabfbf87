import { rangeOf } from '../rows/keys.ts';
import { decodeSchedule } from '../rows/schedule-record.ts';
import type { State } from '../state.ts';

const ALL = Number.MAX_SAFE_INTEGER;

/** Memory counts the schedules of the disk, and knows which of them are delayed. */
export const auditSchedules = (state: State): string[] => {
  const { delayed, paused, total } = state.schedules;
  const rows = state.journal.range(...rangeOf('schedule'), ALL).map(({ value }) => value);
  const found = rows.map(decodeSchedule);
  const counts = [found.length, found.filter(({ isPaused }) => isPaused).length];
  const late = found.filter(({ isDelayed }) => isDelayed).length;
  return [
    ...(counts[0] === total && counts[1] === paused
      ? []
      : [`memory counts ${total} schedules, ${paused} paused; the disk has ${counts.join(', ')}`]),
    ...(delayed.size > late ? [`memory has ${delayed.size} delayed schedules of ${late}`] : []),
  ];
};
