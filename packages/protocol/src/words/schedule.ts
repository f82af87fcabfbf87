import { Cron } from 'croner';
import { messageOf } from './errors.ts';
import { limits } from './limits.ts';

/** What a schedule does with ticks that were missed: nothing, one run for all of them, or a run for each. */
export const missedPolicies = ['skip', 'once', 'all'] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

/** Whether a schedule was made by a call, or is declared in the manager's configuration. */
export const scheduleOrigins = ['api', 'file'] as const;
export type ScheduleOrigin = (typeof scheduleOrigins)[number];

/** Why a schedule made a task: its tick, a tick that was missed, or a call. */
export const runKinds = ['tick', 'missed', 'now'] as const;
export type RunKind = (typeof runKinds)[number];

/** What became of a run; `joined` if another task had its idempotency key. */
export const runOutcomes = [
  'running',
  'joined',
  'succeeded',
  'dead',
  'cancelled',
  'expired',
] as const;
export type RunOutcome = (typeof runOutcomes)[number];

/** When a schedule ticks: `cron` or `everyMs`. Instants are wall time. */
export interface ScheduleTimes {
  readonly cron: string | undefined;
  /** Zone of `cron`; UTC where it is absent. */
  readonly timeZone: string | undefined;
  readonly everyMs: number | undefined;
  /** The first tick is here or later. */
  readonly startAtMs: number | undefined;
  /** The last tick is here or earlier. */
  readonly endAtMs: number | undefined;
  /** Each task comes up to this much after its tick. */
  readonly jitterMs: number;
}

export const DEFAULT_TIME_ZONE = 'UTC';

/** A pattern that was read, and the tick that it was last asked for: many schedules share a pattern. */
interface Pattern {
  readonly cron: Cron;
  afterMs: number;
  nextMs: number | undefined;
}

const PATTERNS_MAX = 1_000;
const patterns = new Map<string, Pattern>();

/**
 * Reads a cron expression of five or six fields. Times of day that a change to summer time skips
 * come right after the gap, and those that occur twice come once; `*` and steps follow the clock.
 *
 * @throws an error of croner
 */
const patternOf = (cron: string, timeZone: string): Pattern => {
  const key = `${timeZone}\0${cron}`;
  const known = patterns.get(key);
  if (known !== undefined) {
    return known;
  }
  const made = new Cron(cron, {
    timezone: timeZone,
    mode: '5-or-6-parts',
    fixedTimeRule: 'no-wildcard',
    paused: true,
  });
  if (patterns.size >= PATTERNS_MAX) {
    patterns.clear();
  }
  const pattern = { cron: made, afterMs: Number.NaN, nextMs: undefined };
  patterns.set(key, pattern);
  return pattern;
};

const nextOfCron = (cron: string, timeZone: string, afterMs: number): number | undefined => {
  const pattern = patternOf(cron, timeZone);
  if (pattern.afterMs !== afterMs) {
    pattern.nextMs = pattern.cron.nextRun(new Date(afterMs))?.getTime();
    pattern.afterMs = afterMs;
  }
  return pattern.nextMs;
};

const nextOfEvery = (everyMs: number, anchorMs: number, afterMs: number): number =>
  anchorMs + everyMs * Math.max(0, Math.floor((afterMs - anchorMs) / everyMs) + 1);

/**
 * The first tick after an instant; undefined if there is none.
 *
 * @param createdAtMs ticks of `everyMs` without a start count from here
 */
export const nextTickMs = (
  times: ScheduleTimes,
  createdAtMs: number,
  afterMs: number,
): number | undefined => {
  const { cron, endAtMs = limits.instantMaxMs, everyMs, startAtMs } = times;
  const fromMs = Math.max(afterMs, (startAtMs ?? Number.NEGATIVE_INFINITY) - 1);
  const nextMs =
    everyMs === undefined
      ? nextOfCron(cron ?? '', times.timeZone ?? DEFAULT_TIME_ZONE, fromMs)
      : nextOfEvery(everyMs, startAtMs ?? createdAtMs, fromMs);
  return nextMs === undefined || nextMs > endAtMs ? undefined : nextMs;
};

/** The ticks of a span. */
export interface DueTicks {
  /** The last of them, in order, as many as a schedule makes up for. */
  readonly last: readonly number[];
  /** How many there are; those of a cron expression are counted up to a bound. */
  readonly count: number;
}

const lastOf = (ticks: readonly number[]): readonly number[] =>
  ticks.slice(-limits.scheduleCatchUpMax);

const dueOfEvery = (times: ScheduleTimes, everyMs: number, firstMs: number, nowMs: number) => {
  const endMs = Math.min(nowMs, times.endAtMs ?? Number.POSITIVE_INFINITY);
  const count = Math.floor((endMs - firstMs) / everyMs) + 1;
  const listed = Math.min(count, limits.scheduleCatchUpMax);
  return {
    count,
    last: Array.from({ length: listed }, (_, i) => firstMs + (count - listed + i) * everyMs),
  };
};

/** The last ticks of a cron expression up to an instant, read backwards. */
const lastOfCron = ({ cron, endAtMs, timeZone }: ScheduleTimes, nowMs: number): number[] => {
  const endMs = Math.min(nowMs, endAtMs ?? nowMs);
  // The instant itself counts; croner answers what comes before the next whole second.
  const before = new Date(Math.floor(endMs / 1_000) * 1_000 + 1_000);
  return patternOf(cron ?? '', timeZone ?? DEFAULT_TIME_ZONE)
    .cron.previousRuns(limits.scheduleCatchUpMax, before)
    .map((run) => run.getTime())
    .toReversed();
};

/** The ticks after an instant and up to another. */
export const dueTicks = (
  times: ScheduleTimes,
  createdAtMs: number,
  afterMs: number,
  nowMs: number,
): DueTicks => {
  const firstMs = nextTickMs(times, createdAtMs, afterMs);
  if (firstMs === undefined || firstMs > nowMs) {
    return { last: [], count: 0 };
  }
  if (times.everyMs !== undefined) {
    return dueOfEvery(times, times.everyMs, firstMs, nowMs);
  }
  const ticks: number[] = [];
  for (let tickMs: number | undefined = firstMs; tickMs !== undefined && tickMs <= nowMs; ) {
    if (ticks.length === limits.scheduleCountMax) {
      return { last: lastOfCron(times, nowMs), count: ticks.length };
    }
    ticks.push(tickMs);
    tickMs = nextTickMs(times, createdAtMs, tickMs);
  }
  return { last: lastOf(ticks), count: ticks.length };
};

const isTimeZone = (timeZone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

/** The reason of croner, but for what the sentence before it says. */
const reasonIn = (message: string): string => {
  const reason = message.replace(/^CronPattern: /, '').replace(/\.$/, '');
  return /exactly|requires/.test(reason) ? '' : `: ${reason}`;
};

/** What is wrong with a cron expression in its zone. */
const faultOfCron = (cron: string, timeZone: string, nowMs: number): string | undefined => {
  try {
    return nextOfCron(cron, timeZone, nowMs) === undefined
      ? `cron '${cron}' never fires`
      : undefined;
  } catch (error) {
    return `cron '${cron}' is not a cron expression of five or six fields${reasonIn(messageOf(error))}`;
  }
};

const faultOfEvery = ({ jitterMs }: ScheduleTimes, everyMs: number): string | undefined => {
  if (everyMs < limits.scheduleEveryMinMs) {
    return `everyMs is at least ${limits.scheduleEveryMinMs}, not ${everyMs}`;
  }
  return jitterMs >= everyMs ? 'jitterMs is less than everyMs' : undefined;
};

const faultOfSpan = ({ endAtMs, startAtMs }: ScheduleTimes, nowMs: number): string | undefined => {
  if (startAtMs !== undefined && startAtMs > nowMs + limits.delayMaxMs) {
    return 'startAt is within ten years from now';
  }
  return startAtMs !== undefined && endAtMs !== undefined && endAtMs < startAtMs
    ? 'endAt is not before startAt'
    : undefined;
};

/**
 * What is wrong with the times of a schedule, in words; undefined if nothing is. Client, command
 * line and manager ask the same.
 */
export const faultOfTimes = (times: ScheduleTimes, nowMs: number): string | undefined => {
  const { cron, endAtMs, everyMs, startAtMs, timeZone } = times;
  if ((cron === undefined) === (everyMs === undefined)) {
    return cron === undefined ? 'give cron or everyMs' : 'give cron or everyMs, not both';
  }
  if (timeZone !== undefined && cron === undefined) {
    return 'timeZone is for cron: everyMs has none';
  }
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    return `timeZone is one of IANA such as Europe/Berlin, not '${timeZone}'`;
  }
  const fault =
    everyMs === undefined
      ? faultOfCron(cron ?? '', timeZone ?? DEFAULT_TIME_ZONE, nowMs)
      : faultOfEvery(times, everyMs);
  if (fault !== undefined) {
    return fault;
  }
  const isEmpty =
    startAtMs !== undefined &&
    endAtMs !== undefined &&
    nextTickMs(times, startAtMs, startAtMs - 1) === undefined;
  return (
    faultOfSpan(times, nowMs) ??
    (isEmpty ? 'the schedule never fires between startAt and endAt' : undefined)
  );
};
