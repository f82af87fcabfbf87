import { clip, dueTicks, limits, type RunKind, type ScheduleSpec } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import type { Schedule } from '../rows/schedule-record.ts';
import { dueAtMs, findSchedule, findSpec, planned, writeRun, writeSchedule } from '../schedules.ts';
import type { Now, State } from '../state.ts';
import type { FireSchedule } from '../upkeep.ts';
import type { Addition } from './admission-plan.ts';
import { add, type EnqueueRefusal } from './enqueue.ts';

/** The task of a schedule. */
export const taskOfSchedule = (
  spec: ScheduleSpec,
  taskId: string,
  extras?: Addition['extras'],
): Addition => ({
  taskId,
  queue: spec.queue,
  name: spec.task,
  payload: spec.payload,
  priority: spec.priority,
  delayMs: spec.delayMs,
  deadlineMs: spec.deadlineMs,
  attempts: spec.attempts,
  expiresInMs: spec.expiresInMs,
  options: spec.options,
  ...(extras === undefined ? {} : { extras }),
});

/** A run to make: of a tick, or of now. */
export interface RunRequest {
  readonly taskId: string;
  readonly number: number;
  readonly kind: RunKind;
  readonly tickAtMs: number;
}

export type RunAnswer =
  | { readonly taskId: string; readonly isNew: boolean }
  | { readonly refused: EnqueueRefusal; readonly message: string };

/** Adds the task of a run, and notes the run; both or neither. The caller counts it. */
export const addRun = (
  state: State,
  spec: ScheduleSpec,
  { kind, number, taskId, tickAtMs }: RunRequest,
  now: Now,
): RunAnswer => {
  const extras = { schedule: spec.name, run: number };
  const answer = add(state, [taskOfSchedule(spec, taskId, extras)], now);
  if ('refused' in answer) {
    return { refused: answer.refused, message: answer.message };
  }
  const joined = answer.existing?.[0]?.taskId;
  writeRun(state, spec.name, {
    number,
    kind,
    tickAtMs,
    firedAtMs: now.wallMs,
    taskId: joined ?? taskId,
    outcome: joined === undefined ? 'running' : 'joined',
    endedAtMs: undefined,
  });
  return { taskId: joined ?? taskId, isNew: joined === undefined };
};

/** Whether a tick is fired in its time. One that had to wait for room is. */
const isInTime = (spec: ScheduleSpec, schedule: Schedule, tickMs: number, now: Now): boolean =>
  schedule.isDelayed || now.wallMs - dueAtMs(spec, tickMs) <= limits.scheduleLateMs;

/** The due ticks that get a task. A tick that another has overtaken is missed. */
const chosenOf = (
  spec: ScheduleSpec,
  schedule: Schedule,
  due: readonly number[],
  now: Now,
): readonly number[] => {
  const last = due.slice(-1);
  switch (spec.missed) {
    case 'all':
      return due;
    case 'once':
      return last;
    default:
      return last.filter((tickMs) => isInTime(spec, schedule, tickMs, now));
  }
};

const reasonOf = (message: string): string => clip(message, limits.reasonMaxBytes);

/** The tick stays due, and is tried again. */
const delay = (
  state: State,
  spec: ScheduleSpec,
  schedule: Schedule,
  tickMs: number,
  message: string,
  now: Now,
): void => {
  const wakeAtMs = now.wallMs + limits.scheduleDelayMs;
  const delayed = {
    ...schedule,
    lastTickMs: tickMs - 1,
    nextAtMs: tickMs,
    wakeAtMs,
    isDelayed: true,
  };
  writeSchedule(state, spec.name, delayed, now);
  state.schedules.delayed.set(spec.name, reasonOf(message));
};

/** Adds the tasks of some ticks. Each has its task once the schedule's row, of the same batch, says that it is past. */
const fireTicks = (
  state: State,
  spec: ScheduleSpec,
  before: Schedule,
  ticks: readonly number[],
  lastTickMs: number,
  now: Now,
): void => {
  let schedule = before;
  for (const tickAtMs of ticks) {
    const kind = isInTime(spec, before, tickAtMs, now) ? 'tick' : 'missed';
    const taskId = state.newTaskId(now);
    const answer = addRun(state, spec, { taskId, number: schedule.noted, kind, tickAtMs }, now);
    if ('refused' in answer) {
      delay(state, spec, schedule, tickAtMs, answer.message, now);
      return;
    }
    schedule = { ...schedule, noted: schedule.noted + 1 };
  }
  writeSchedule(state, spec.name, planned(spec, { ...schedule, lastTickMs }), now);
};

/**
 * A row of the time index may name a schedule that has moved on, which is left alone. Few ticks are
 * made up for at a time; the schedule is looked at again at once.
 */
export const fireSchedule: FireSchedule = (state, name, atMs, now) => {
  const schedule = findSchedule(state, name);
  const spec = findSpec(state, name);
  if (schedule === undefined || spec === undefined || schedule.wakeAtMs !== atMs) {
    return 1;
  }
  const { count, last: due } = dueTicks(
    spec,
    schedule.createdAtMs,
    schedule.lastTickMs,
    now.wallMs,
  );
  const chosen = chosenOf(spec, schedule, due, now);
  const ticks = chosen.slice(0, tuning.ticksAtATime);
  const isAll = ticks.length === chosen.length;
  const lastTickMs = (isAll ? due.at(-1) : ticks.at(-1)) ?? schedule.lastTickMs;
  const skipped = schedule.skipped + count - chosen.length;
  fireTicks(state, spec, { ...schedule, skipped }, ticks, lastTickMs, now);
  return 1 + ticks.length + (spec.everyMs === undefined ? count : 0);
};
