import { faultOfTimes, limits, type ScheduleOrigin, type ScheduleSpec } from '@millrace/protocol';
import { scheduleKey, specKey } from '../rows/keys.ts';
import { encodeSpec, type Schedule } from '../rows/schedule-record.ts';
import { eraseSchedule, findSchedule, planned, writeSchedule } from '../schedules.ts';
import type { Now, State } from '../state.ts';
import { checkTask, type EnqueueRefusal } from './enqueue.ts';
import { taskOfSchedule } from './fire-schedule.ts';
import { schedulesFrom } from './list-schedules.ts';

export interface ScheduleRequest {
  readonly schedule: ScheduleSpec;
  readonly origin: ScheduleOrigin;
}

export interface ScheduleRefusal {
  readonly refused: EnqueueRefusal | 'BAD_OPTION' | 'TOO_MANY_SCHEDULES';
  readonly message: string;
}

export type ScheduleAnswer = 'created' | 'changed' | 'unchanged' | ScheduleRefusal;

/** Where a schedule is to be changed that belongs to the other origin. */
const elsewhere: Readonly<Record<ScheduleOrigin, string>> = {
  file: "is declared in the manager's configuration: change it there",
  api: 'was made by a client: give the one in the configuration another name, or remove that one first (millrace schedule rm)',
};

/** A schedule of one origin is not changed from the other. */
export const refuseOtherOrigin = (
  name: string,
  schedule: Schedule | undefined,
  origin: ScheduleOrigin,
): ScheduleRefusal | undefined =>
  schedule === undefined || schedule.origin === origin
    ? undefined
    : {
        refused: 'BAD_OPTION',
        message: `schedule '${name}' ${elsewhere[schedule.origin]}`,
      };

const refusalOf = (state: State, spec: ScheduleSpec, now: Now): ScheduleRefusal | undefined => {
  const { name } = spec;
  const fault =
    name === '' || spec.task === ''
      ? 'a schedule and its task have names'
      : faultOfTimes(spec, now.wallMs);
  if (fault !== undefined) {
    return { refused: 'BAD_OPTION', message: `schedule '${name}': ${fault}` };
  }
  const refusal = checkTask(state, taskOfSchedule(spec, `of schedule '${name}'`));
  return refusal && { refused: refusal.refused, message: refusal.message };
};

const create = (state: State, { origin, schedule: spec }: ScheduleRequest, now: Now): void => {
  const schedule: Schedule = {
    origin,
    isPaused: false,
    createdAtMs: now.wallMs,
    lastTickMs: now.wallMs,
    nextAtMs: undefined,
    wakeAtMs: undefined,
    skipped: 0,
    noted: 0,
    isDelayed: false,
  };
  state.side.put(state.batch, specKey(spec.name), encodeSpec(spec));
  writeSchedule(state, spec.name, planned(spec, schedule), now);
  state.schedules.total += 1;
};

/** The next tick of a changed schedule is after now, and after its last one; its runs stay. */
const change = (state: State, spec: ScheduleSpec, known: Schedule, now: Now): void => {
  state.side.put(state.batch, specKey(spec.name), encodeSpec(spec));
  const lastTickMs = Math.max(known.lastTickMs, now.wallMs);
  writeSchedule(state, spec.name, planned(spec, { ...known, lastTickMs }), now);
};

/** Makes a schedule, or changes the one of its name. An equal one changes nothing, so that a deployment may send it each time. */
export const schedule = (state: State, request: ScheduleRequest, now: Now): ScheduleAnswer => {
  const { origin, schedule: spec } = request;
  const { name } = spec;
  const known = findSchedule(state, name);
  const foreign = refuseOtherOrigin(name, known, origin);
  if (foreign !== undefined) {
    return foreign;
  }
  const row = known === undefined ? undefined : state.side.get(specKey(name));
  if (row !== undefined && Buffer.compare(row, encodeSpec(spec)) === 0) {
    return 'unchanged';
  }
  const refusal = refusalOf(state, spec, now);
  if (refusal !== undefined) {
    return refusal;
  }
  if (known !== undefined) {
    change(state, spec, known, now);
    return 'changed';
  }
  if (state.schedules.total >= limits.schedulesMax) {
    const message = `the manager has ${limits.schedulesMax} schedules, the most that it may have: remove some`;
    return { refused: 'TOO_MANY_SCHEDULES', message };
  }
  create(state, request, now);
  return 'created';
};

/**
 * Makes the schedules of the configuration, and removes those that left it. Answers the first
 * refusal; until then nothing is removed.
 */
export const declareSchedules = (
  state: State,
  specs: readonly ScheduleSpec[],
  now: Now,
): ScheduleRefusal | undefined => {
  for (const spec of specs) {
    const answer = schedule(state, { schedule: spec, origin: 'file' }, now);
    if (typeof answer !== 'string') {
      return answer;
    }
  }
  const declared = new Set(specs.map(({ name }) => scheduleKey(name)));
  for (const { key, name } of schedulesFrom(state, undefined)) {
    const known = findSchedule(state, name);
    if (known?.origin === 'file' && !declared.has(key)) {
      eraseSchedule(state, name, known);
    }
  }
  return undefined;
};
