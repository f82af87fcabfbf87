import type { ScheduleSpec } from '@millrace/protocol';
import type { Schedule, ScheduleRun } from '../rows/schedule-record.ts';
import { findSchedule, findSpec, runsOf } from '../schedules.ts';
import type { State } from '../state.ts';
import { delayOf } from './list-schedules.ts';

export interface ScheduleInfo extends Pick<Schedule, 'origin' | 'isPaused' | 'createdAtMs'> {
  readonly schedule: ScheduleSpec;
  readonly lastTickAtMs: number;
  readonly nextAtMs: number | undefined;
  readonly skipped: number;
  readonly delayed: string | undefined;
  /** The last ones, the oldest first. */
  readonly runs: readonly ScheduleRun[];
}

/** A schedule with its last runs. */
export const showSchedule = (state: State, name: string): ScheduleInfo | 'UNKNOWN_SCHEDULE' => {
  const known = findSchedule(state, name);
  const schedule = findSpec(state, name);
  if (known === undefined || schedule === undefined) {
    return 'UNKNOWN_SCHEDULE';
  }
  const { createdAtMs, isDelayed, isPaused, lastTickMs, nextAtMs, origin, skipped } = known;
  return {
    schedule,
    origin,
    isPaused,
    createdAtMs,
    lastTickAtMs: lastTickMs,
    nextAtMs,
    skipped,
    delayed: delayOf(state, name, isDelayed),
    runs: runsOf(state, name, known),
  };
};
