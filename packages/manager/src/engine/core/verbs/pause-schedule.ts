import { findSchedule, findSpec, planned, writeSchedule } from '../schedules.ts';
import type { Now, State } from '../state.ts';

export interface PauseScheduleRequest {
  readonly name: string;
  /** False to let it tick again. */
  readonly isPaused: boolean;
}

/** A paused schedule makes no tasks. The ticks of a pause are not missed: a resumed one goes on with the next. */
export const pauseSchedule = (
  state: State,
  { isPaused, name }: PauseScheduleRequest,
  now: Now,
): 'UNKNOWN_SCHEDULE' | undefined => {
  const known = findSchedule(state, name);
  const spec = findSpec(state, name);
  if (known === undefined || spec === undefined) {
    return 'UNKNOWN_SCHEDULE';
  }
  if (known.isPaused !== isPaused) {
    const lastTickMs = isPaused ? known.lastTickMs : Math.max(known.lastTickMs, now.wallMs);
    writeSchedule(state, name, planned(spec, { ...known, isPaused, lastTickMs }), now);
    state.schedules.paused += isPaused ? 1 : -1;
  }
  return undefined;
};
