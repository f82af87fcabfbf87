import { type AnyTask, checkName } from './definition.ts';
import { MillraceError } from './errors.ts';
import { checkTask, checkText } from './given.ts';
import { limits } from './limits.ts';
import { faultOfTimes, type MissedPolicy, missedPolicies, type ScheduleTimes } from './schedule.ts';
import {
  type Check,
  checkTaskOptions,
  fault,
  isRecord,
  only,
  type TaskOptions,
  wholeFrom,
} from './task-options.ts';

/** When a schedule ticks, as a caller says it. */
export interface ScheduleTiming {
  /** Five fields, or six with seconds in front; also `@daily` and the like. */
  readonly cron?: string;
  /** Zone of `cron`, as `Europe/Berlin`. Default UTC. */
  readonly timeZone?: string;
  /** Ticks this often, counted from `startAt`, or else from the creation of the schedule. At least 1,000. */
  readonly everyMs?: number;
  /** The first tick is here or later. */
  readonly startAt?: Date;
  /** The last tick is here or earlier. */
  readonly endAt?: Date;
  /** Each task comes up to this much after its tick, always the same for one tick. Default 0. */
  readonly jitterMs?: number;
  /**
   * What becomes of ticks that passed while the manager was down or its clock was set forward:
   * nothing, one run for all of them, or a run for each, the last 100 at most. Default `skip`.
   */
  readonly missed?: MissedPolicy;
}

/** Options of the tasks of a schedule. A task of a schedule is due at its tick, so there is no `runAt`. */
export type ScheduledTaskOptions = Omit<TaskOptions, 'runAt'>;

const aText = (maxBytes: number): Check =>
  only(
    (value) => typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxBytes,
    `a text of 1 to ${maxBytes} bytes`,
  );

const anInstant = only(
  (value) => value instanceof Date && value.getTime() >= 0,
  'a valid Date from 1970 on',
);

const checks = {
  cron: aText(limits.cronMaxBytes),
  timeZone: aText(limits.timeZoneMaxBytes),
  everyMs: wholeFrom(limits.scheduleEveryMinMs, limits.delayMaxMs),
  startAt: anInstant,
  endAt: anInstant,
  jitterMs: wholeFrom(0, limits.delayMaxMs),
  missed: only(
    (value) => missedPolicies.some((policy) => policy === value),
    `one of ${missedPolicies.join(', ')}`,
  ),
} as const satisfies Record<keyof ScheduleTiming, Check>;

/** What else a schedule says; checked elsewhere. */
const others = { task: () => undefined, input: () => undefined, options: () => undefined } as const;

/** @throws BAD_OPTION unless a schedule has a name of 1 to 128 bytes without NUL */
export const checkScheduleName = (name: string): string => {
  checkText(name, 'the name of a schedule');
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > limits.scheduleNameMaxBytes || name.includes('\0')) {
    throw new MillraceError(
      'BAD_OPTION',
      `the name of a schedule has 1 to ${limits.scheduleNameMaxBytes} bytes and no NUL, this one has ${bytes}`,
    );
  }
  return name;
};

const timesOf = (timing: ScheduleTiming): ScheduleTimes => ({
  cron: timing.cron,
  timeZone: timing.timeZone,
  everyMs: timing.everyMs,
  startAtMs: timing.startAt?.getTime(),
  endAtMs: timing.endAt?.getTime(),
  jitterMs: timing.jitterMs ?? 0,
});

/**
 * Checks when a schedule ticks, and what stands beside it.
 *
 * @throws BAD_OPTION, naming the option and what it may be
 */
export const checkTiming = (timing: ScheduleTiming, what: string, nowMs: number): ScheduleTimes => {
  const wrong =
    fault({ ...timing }, { ...checks, ...others }, '') ?? faultOfTimes(timesOf(timing), nowMs);
  if (wrong !== undefined) {
    throw new MillraceError('BAD_OPTION', `${what}: ${wrong}`);
  }
  return timesOf(timing);
};

/** @throws BAD_OPTION for options of tasks that a schedule cannot have, and as `checkTaskOptions` */
export const checkScheduledTask = (
  task: AnyTask,
  options: ScheduledTaskOptions,
  what: string,
): void => {
  checkTask(task, what);
  checkName('task', task.name);
  checkName('queue', task.queue);
  if (!isRecord(options)) {
    throw new MillraceError('BAD_OPTION', `${what}: options is an object of options of a task`);
  }
  checkTaskOptions(options, `${what}: options`);
  if ('runAt' in options || task.options.runAt !== undefined) {
    throw new MillraceError(
      'BAD_OPTION',
      `${what}: a task of a schedule is due at its tick: leave out runAt`,
    );
  }
};
