import type { MissedPolicy, RunKind, RunOutcome, ScheduleSpec } from '@millrace/protocol';
import { limits } from '@millrace/protocol';

/** Queue of the tasks of all schedules in the model, which is never full. */
export const SCHEDULE_QUEUE = 'wide';
/** Each schedule has a task of its own name, so that a listing tells whose a task is. */
export const scheduleNames = ['x', 'y'] as const;

export interface ModelRun {
  readonly kind: RunKind;
  readonly tickAtMs: number;
  readonly taskId: string;
  outcome: RunOutcome;
}

/** The reference's record of one schedule. */
export interface ModelSchedule {
  everyMs: number;
  missed: MissedPolicy;
  readonly createdAtMs: number;
  lastTickMs: number;
  isPaused: boolean;
  skipped: number;
  readonly runs: ModelRun[];
}

/** A tick that must get a task. */
export interface ModelTick {
  readonly name: string;
  readonly kind: RunKind;
  readonly tickAtMs: number;
}

export const specOf = (name: string, everyMs: number, missed: MissedPolicy): ScheduleSpec => ({
  name,
  cron: undefined,
  timeZone: undefined,
  everyMs,
  startAtMs: undefined,
  endAtMs: undefined,
  jitterMs: 0,
  missed,
  queue: SCHEDULE_QUEUE,
  task: name,
  payload: new Uint8Array(2),
  priority: 0,
  delayMs: 0,
  deadlineMs: null,
  attempts: 2,
  expiresInMs: undefined,
});

/** Every tick after the last one and up to now, one by one. */
const dueIn = ({ createdAtMs, everyMs, lastTickMs }: ModelSchedule, wallMs: number): number[] => {
  const due: number[] = [];
  for (let tickMs = createdAtMs + everyMs; tickMs <= wallMs; tickMs += everyMs) {
    if (tickMs > lastTickMs) {
      due.push(tickMs);
    }
  }
  return due;
};

/** The ticks that get a task now. The others that are due are left out. */
export const fire = (name: string, schedule: ModelSchedule, wallMs: number): ModelTick[] => {
  const due = schedule.isPaused ? [] : dueIn(schedule, wallMs);
  const isLate = (tickMs: number): boolean => wallMs - tickMs > limits.scheduleLateMs;
  const most = { skip: 1, once: 1, all: limits.scheduleCatchUpMax };
  const chosen = due
    .slice(-most[schedule.missed])
    .filter((tickMs) => schedule.missed !== 'skip' || !isLate(tickMs));
  schedule.skipped += due.length - chosen.length;
  schedule.lastTickMs = due.at(-1) ?? schedule.lastTickMs;
  return chosen.map((tickAtMs) => ({
    name,
    tickAtMs,
    kind: isLate(tickAtMs) ? 'missed' : 'tick',
  }));
};

/** When the next tick is. */
export const nextOf = ({ createdAtMs, everyMs, lastTickMs }: ModelSchedule): number => {
  let tickMs = createdAtMs + everyMs;
  while (tickMs <= lastTickMs) {
    tickMs += everyMs;
  }
  return tickMs;
};
