import { findSchedule, findSpec, writeSchedule } from '../schedules.ts';
import type { Now, State } from '../state.ts';
import { addRun, type RunAnswer } from './fire-schedule.ts';

export interface RunScheduleRequest {
  readonly name: string;
  /** Id of the task to make. */
  readonly newTaskId: string;
}

/** Makes a task of a schedule now, also of a paused one. Its ticks stay as they are. */
export const runSchedule = (
  state: State,
  { name, newTaskId }: RunScheduleRequest,
  now: Now,
): RunAnswer | 'UNKNOWN_SCHEDULE' => {
  // A known id means that this was done before, and only the answer was lost.
  if (state.find(newTaskId) !== undefined) {
    return { taskId: newTaskId, isNew: true };
  }
  const known = findSchedule(state, name);
  const spec = findSpec(state, name);
  if (known === undefined || spec === undefined) {
    return 'UNKNOWN_SCHEDULE';
  }
  const run = {
    taskId: newTaskId,
    number: known.noted,
    kind: 'now',
    tickAtMs: now.wallMs,
  } as const;
  const answer = addRun(state, spec, run, now);
  if ('taskId' in answer) {
    writeSchedule(state, name, { ...known, noted: known.noted + 1 }, now);
  }
  return answer;
};
