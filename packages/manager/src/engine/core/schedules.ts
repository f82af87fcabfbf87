import {
  limits,
  nextTickMs,
  type Outcome,
  type RunOutcome,
  type ScheduleSpec,
} from '@millrace/protocol';
import { fnv1a } from '../../structures/fnv1a.ts';
import { tuning } from '../../tuning.ts';
import { nameOfScheduleKey, rangeOf, runKey, scheduleKey, specKey } from './rows/keys.ts';
import {
  decodeRun,
  decodeSchedule,
  decodeSpec,
  encodeRun,
  encodeSchedule,
  type Schedule,
  type ScheduleRun,
} from './rows/schedule-record.ts';
import type { Now, State } from './state.ts';
import type { Task } from './task.ts';

/**
 * Schedules. Three rows: what a schedule was asked to be, how far it has come, and the ring of its
 * last runs. The time index `ticks` names it under the instant at which to look at it again.
 */

export const findSchedule = (state: State, name: string): Schedule | undefined => {
  const row = state.side.get(scheduleKey(name));
  return row === undefined ? undefined : decodeSchedule(row);
};

export const findSpec = (state: State, name: string): ScheduleSpec | undefined => {
  const row = state.side.get(specKey(name));
  return row === undefined ? undefined : decodeSpec(row);
};

/** A tick's own share of the jitter: a hash, so that the core needs no random numbers. */
const jitterOf = ({ jitterMs, name }: ScheduleSpec, tickMs: number): number =>
  jitterMs === 0 ? 0 : Math.floor((fnv1a(name, tickMs) / 2 ** 32) * (jitterMs + 1));

/** When the task of a tick is due. */
export const dueAtMs = (spec: ScheduleSpec, tickMs: number): number =>
  tickMs + jitterOf(spec, tickMs);

/** The schedule with its next tick, which is the first after its last. */
export const planned = (spec: ScheduleSpec, schedule: Schedule): Schedule => {
  const { createdAtMs, isPaused, lastTickMs } = schedule;
  const nextAtMs = nextTickMs(spec, createdAtMs, lastTickMs);
  const isAsleep = isPaused || nextAtMs === undefined;
  return {
    ...schedule,
    nextAtMs,
    wakeAtMs: isAsleep ? undefined : dueAtMs(spec, nextAtMs),
    isDelayed: false,
  };
};

/** Writes how far a schedule has come, and names it in the time index. */
export const writeSchedule = (state: State, name: string, schedule: Schedule, now: Now): void => {
  const { batch, schedules, side } = state;
  side.put(batch, scheduleKey(name), encodeSchedule(schedule));
  if (schedule.wakeAtMs !== undefined) {
    batch.putTime('ticks', schedule.wakeAtMs, name);
  }
  if (!schedule.isDelayed) {
    schedules.delayed.delete(name);
  }
  schedules.plannedAtMs = Math.max(schedules.plannedAtMs, now.wallMs);
};

const rowOfRun = (name: string, number: number): string =>
  runKey(name, number % limits.scheduleRunsMax);

export const writeRun = (state: State, name: string, run: ScheduleRun): void =>
  state.side.put(state.batch, rowOfRun(name, run.number), encodeRun(run));

/** The runs that are kept, the oldest first. */
export const runsOf = (state: State, name: string, { noted }: Schedule): ScheduleRun[] => {
  const runs: ScheduleRun[] = [];
  for (let number = Math.max(0, noted - limits.scheduleRunsMax); number < noted; number++) {
    const row = state.side.get(rowOfRun(name, number));
    if (row !== undefined) {
      runs.push(decodeRun(row));
    }
  }
  return runs;
};

/** Removes all rows of a schedule. The time index may name it until then. */
export const eraseSchedule = (state: State, name: string, schedule: Schedule): void => {
  const { batch, schedules, side } = state;
  for (const { number } of runsOf(state, name, schedule)) {
    side.remove(batch, rowOfRun(name, number));
  }
  side.remove(batch, scheduleKey(name));
  side.remove(batch, specKey(name));
  schedules.total -= 1;
  schedules.paused -= schedule.isPaused ? 1 : 0;
  schedules.delayed.delete(name);
};

/** A task that a schedule made has ended: its run says how, if it is still kept. */
export const endRun = (state: State, task: Task, outcome: Outcome, now: Now): void => {
  const { run: number = 0, schedule: name } = task.extras ?? {};
  const row = name === undefined ? undefined : state.side.get(rowOfRun(name, number));
  if (name === undefined || row === undefined) {
    return;
  }
  const run = decodeRun(row);
  // The ring may have gone round, or the name may be another schedule's. A retry goes on under its work's id.
  if (run.number === number && run.taskId === task.workId) {
    const ended: RunOutcome = outcome;
    writeRun(state, name, { ...run, outcome: ended, endedAtMs: now.wallMs });
  }
};

/** Counts the schedules of the store. A start reads their small rows, and nothing else of them. */
export const loadSchedules = (state: State): void => {
  const { schedules } = state;
  const [from, to] = rangeOf('schedule');
  for (let next = from; ; ) {
    const rows = state.journal.range(next, to, tuning.sweepRows);
    for (const { value } of rows) {
      const { isPaused, lastTickMs } = decodeSchedule(value);
      schedules.total += 1;
      schedules.paused += isPaused ? 1 : 0;
      schedules.plannedAtMs = Math.max(schedules.plannedAtMs, lastTickMs);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < tuning.sweepRows) {
      return;
    }
    next = `${last.key}\0`;
  }
};

/** Whether the clock was set back so far that schedules may wait for a time that comes too late. */
export const wasSetBack = ({ schedules }: State, now: Now): boolean =>
  now.wallMs < schedules.plannedAtMs - limits.scheduleStepBackMs;

/** Lets a schedule go on from now if its last tick is further ahead than an hour, and than two periods. */
const goOn = (state: State, name: string, now: Now): void => {
  const schedule = findSchedule(state, name);
  const spec = findSpec(state, name);
  if (schedule === undefined || spec === undefined) {
    return;
  }
  const aheadMs = schedule.lastTickMs - now.wallMs;
  const firstMs = nextTickMs(spec, schedule.createdAtMs, now.wallMs);
  const secondMs = firstMs && nextTickMs(spec, schedule.createdAtMs, firstMs);
  const periodMs = firstMs === undefined || secondMs === undefined ? 0 : secondMs - firstMs;
  if (aheadMs > Math.max(limits.scheduleStepBackMs, 2 * periodMs)) {
    const { schedules } = state;
    const createdAtMs = Math.min(schedule.createdAtMs, now.wallMs);
    const anew = planned(spec, { ...schedule, createdAtMs, lastTickMs: now.wallMs });
    writeSchedule(state, name, anew, now);
    schedules.setBack += 1;
    schedules.setBackAtMs = now.monotonicMs;
  }
};

/** After a step of the clock back, looks at all schedules, some at a time. */
export const heedStepBack = (state: State, now: Now): void => {
  const { schedules } = state;
  const [from, to] = rangeOf('schedule');
  if (wasSetBack(state, now)) {
    schedules.plannedAtMs = now.wallMs;
    schedules.searchFrom = from;
    schedules.setBack = 0;
  }
  if (schedules.searchFrom === undefined) {
    return;
  }
  const rows = state.journal.range(schedules.searchFrom, to, tuning.sweepRows);
  for (const { key } of rows) {
    goOn(state, nameOfScheduleKey(key), now);
  }
  const last = rows.at(-1);
  schedules.searchFrom =
    last === undefined || rows.length < tuning.sweepRows ? undefined : `${last.key}\0`;
};
