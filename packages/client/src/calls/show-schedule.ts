import {
  type CallOptions,
  checkCall,
  checkScheduleName,
  decodePayload,
  inquire,
  type MessageNamed,
  type MissedPolicy,
  type RunKind,
  type RunOutcome,
  readAbandoned,
  type ScheduleOrigin,
  type TimedPort,
} from '@millrace/protocol';

/** A task that a schedule made. */
export interface ScheduleRun {
  /** Why: its tick, a tick that was missed, or a call. */
  readonly kind: RunKind;
  readonly tickAt: Date;
  /** When the task was added. */
  readonly firedAt: Date;
  readonly taskId: string;
  /** `joined` if another task had the idempotency key, and does the work. */
  readonly outcome: RunOutcome;
  readonly endedAt: Date | undefined;
}

/** A schedule as its manager knows it. */
export interface ScheduleInfo {
  readonly name: string;
  /** `file` if the manager's configuration declares it. */
  readonly origin: ScheduleOrigin;
  readonly cron: string | undefined;
  readonly timeZone: string | undefined;
  readonly everyMs: number | undefined;
  readonly startAt: Date | undefined;
  readonly endAt: Date | undefined;
  readonly jitterMs: number;
  readonly missed: MissedPolicy;
  readonly queue: string;
  /** Name of the task. */
  readonly task: string;
  readonly input: unknown;
  readonly isPaused: boolean;
  readonly createdAt: Date;
  /** All ticks up to here have their tasks, or were left out. */
  readonly lastTickAt: Date;
  /** The next tick; none while it is paused, and after its last. */
  readonly nextAt: Date | undefined;
  /** Ticks that were left out. */
  readonly skipped: number;
  /** Why its task could not be added when its tick was due; it is tried again. */
  readonly delayed: string | undefined;
  /** The last 50, the oldest first. */
  readonly runs: readonly ScheduleRun[];
}

export const dateOf = (ms: number | undefined): Date | undefined =>
  ms === undefined ? undefined : new Date(ms);

type Info = MessageNamed<'scheduleInfo'>;

const runOf = ({ endedAtMs, firedAtMs, tickAtMs, ...run }: Info['runs'][number]): ScheduleRun => ({
  ...run,
  tickAt: new Date(tickAtMs),
  firedAt: new Date(firedAtMs),
  endedAt: dateOf(endedAtMs),
});

const infoOf = (info: Info): ScheduleInfo => {
  const { isPaused, schedule } = info;
  const { cron, everyMs, jitterMs, missed, name, payload, queue, task, timeZone } = schedule;
  return {
    name,
    origin: info.origin,
    cron,
    timeZone,
    everyMs,
    startAt: dateOf(schedule.startAtMs),
    endAt: dateOf(schedule.endAtMs),
    jitterMs,
    missed,
    queue,
    task,
    input: decodePayload(payload, `the input of schedule '${name}'`),
    isPaused,
    createdAt: new Date(info.createdAtMs),
    lastTickAt: new Date(info.lastTickAtMs),
    nextAt: isPaused ? undefined : dateOf(info.nextAtMs),
    skipped: info.skipped,
    delayed: info.delayed,
    runs: info.runs.map(runOf),
  };
};

/** A schedule with its last runs. */
export const showSchedule = async (
  port: TimedPort,
  name: string,
  call: CallOptions,
): Promise<ScheduleInfo> => {
  checkScheduleName(name);
  checkCall(call, `a look at schedule '${name}'`);
  return infoOf(
    await inquire(
      port,
      'scheduleInfo',
      {
        build: (requestId) => ({ verb: 'showSchedule', requestId, name }),
        giveUp: (end, timeoutMs) => readAbandoned(end, `schedule '${name}'`, timeoutMs),
      },
      call,
    ),
  );
};
