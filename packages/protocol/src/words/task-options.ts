import { MillraceError } from './errors.ts';
import { limits } from './limits.ts';
import type { RetryOptions } from './retry-policy.ts';
import { suggestion } from './suggest.ts';

/** Options that a task definition gives as defaults and an enqueue may override. */
export interface TaskOptions {
  /** Integer −128…127, higher first. Default 0. */
  readonly priority?: number;
  /** Wait before the task is ready. Default 0. */
  readonly delayMs?: number;
  /** When the task is ready, by the clock of its producer; a time that has passed is now. Not beside `delayMs`. */
  readonly runAt?: Date;
  /** Longest run of one attempt; `null` for no limit. Default 15 min. */
  readonly deadlineMs?: number | null;
  /** Attempts that may fail before the task is dead, as in `retry`. Default 5. */
  readonly attempts?: number;
  /** How a task is tried again. */
  readonly retry?: RetryOptions;
  /** The task expires unless an attempt starts within this time. Default: never. */
  readonly expiresInMs?: number;
  /**
   * The work is queued once: while a task of the same queue and name holds the key, an enqueue
   * answers with a handle on that task. A text holds until the task ends.
   */
  readonly idempotencyKey?: string | IdempotencyKey;
  /** The last input counts: until a task with the key was granted, an enqueue replaces its input and its wait. */
  readonly debounce?: Debounce;
  /** At most one task for the key in each window: as `idempotencyKey` with `forMs`. */
  readonly throttle?: Throttle;
  /** Replaces the input of a task with the key that was never granted; its time stands. */
  readonly replace?: { readonly key: string };
}

export interface IdempotencyKey {
  /** 1 to 200 bytes. */
  readonly key: string;
  /** The key is free when its task ends, which is the default. */
  readonly until?: 'finished';
  /** The key is free so long after the enqueue, whatever became of its task. */
  readonly forMs?: number;
}

export interface Debounce {
  readonly key: string;
  /** How long the task waits from the last enqueue on. */
  readonly ms: number;
  /** How long it waits at most, from the first. Default: without limit. */
  readonly maxWaitMs?: number;
}

export interface Throttle {
  readonly key: string;
  readonly ms: number;
}

/** What a value should have been; undefined if it is right. */
export type Check = (value: unknown) => string | undefined;

export const wholeFrom = (min: number, max: number): Check => {
  const expected = `a whole number from ${min} to ${max}`;
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? undefined
      : expected;
};

const numberFrom = (min: number, max: number): Check => {
  const expected = `a number from ${min} to ${max}`;
  return (value) =>
    typeof value === 'number' && value >= min && value <= max ? undefined : expected;
};

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? undefined : check(value);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const aDate: Check = (value) => {
  if (!(value instanceof Date)) {
    return 'a Date';
  }
  return Number.isNaN(value.getTime()) ? 'a valid Date' : undefined;
};

const delay = wholeFrom(0, limits.delayMaxMs);
const attempts = wholeFrom(1, limits.attemptsMax);

const waitsList: Check = (value) => {
  if (!Array.isArray(value)) {
    return undefined;
  }
  if (value.length === 0 || value.length > limits.backoffWaitsMax) {
    return `a list of 1 to ${limits.backoffWaitsMax} waits`;
  }
  const wrong = value.map(delay).find((expected) => expected !== undefined);
  return wrong === undefined ? undefined : `a list of waits, each ${wrong}`;
};

const shapes = {
  fixedMs: { fixedMs: delay },
  baseMs: {
    baseMs: wholeFrom(1, limits.delayMaxMs),
    factor: numberFrom(1, limits.backoffFactorMax),
    maxMs: wholeFrom(1, limits.delayMaxMs),
  },
} as const satisfies Record<string, Record<string, Check>>;

const SHAPES = '{ baseMs, factor, maxMs }, { fixedMs } or a list of waits in ms';

const backoff: Check = (value) => {
  if (Array.isArray(value)) {
    return waitsList(value);
  }
  if (!isRecord(value) || 'fixedMs' in value === 'baseMs' in value) {
    return SHAPES;
  }
  const wrong = fault(value, 'fixedMs' in value ? shapes.fixedMs : shapes.baseMs);
  return wrong === undefined ? undefined : `${SHAPES}: ${wrong}`;
};

/** The first value of an object that is wrong, in words; undefined if there is none. */
export const fault = (
  values: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
): string | undefined => {
  for (const [name, value] of Object.entries(values)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      return `no option '${name}'${suggestion(name, Object.keys(checks))}`;
    }
    const expected = value === undefined ? undefined : check(value);
    if (expected !== undefined) {
      return `${name} is ${expected}, not ${shown(value)}`;
    }
  }
  return undefined;
};

/** A value as an error shows it: short, and on one line. */
const shown = (value: unknown): string => {
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Date) {
    return String(value);
  }
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
};

const SHOWN_CHARS = 100;

const retryChecks = {
  attempts,
  backoff,
  jitter: numberFrom(0, 1),
} as const satisfies Record<keyof RetryOptions, Check>;

const retry: Check = (value) => {
  if (!isRecord(value)) {
    return '{ attempts, backoff, jitter }';
  }
  const wrong = fault(value, retryChecks);
  return wrong === undefined ? undefined : `{ attempts, backoff, jitter }: ${wrong}`;
};

const aKey: Check = (value) =>
  typeof value === 'string' &&
  value !== '' &&
  !value.includes('\0') &&
  // Halves of pairs all become the same bytes, so different keys would be one.
  value.isWellFormed() &&
  Buffer.byteLength(value) <= limits.taskKeyMaxBytes
    ? undefined
    : `a text of 1 to ${limits.taskKeyMaxBytes} bytes without NUL or halves of surrogate pairs`;

/** An object of options, of which some must be there. */
const recordOf =
  (shape: string, needed: readonly string[], inner: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isRecord(value) || needed.some((name) => value[name] === undefined)) {
      return shape;
    }
    const wrong = fault(value, inner);
    return wrong === undefined ? undefined : `${shape}: ${wrong}`;
  };

const wait = wholeFrom(1, limits.delayMaxMs);

const idempotency = recordOf('a text or { key, until, forMs }', ['key'], {
  key: aKey,
  until: (value) => (value === 'finished' ? undefined : `'finished'`),
  forMs: wait,
});

const idempotencyKey: Check = (value) => (isRecord(value) ? idempotency(value) : aKey(value));

const checks = {
  priority: wholeFrom(limits.priorityMin, limits.priorityMax),
  delayMs: delay,
  runAt: aDate,
  deadlineMs: orNull(wholeFrom(1, limits.delayMaxMs)),
  attempts,
  retry,
  expiresInMs: wait,
  idempotencyKey,
  debounce: recordOf('{ key, ms, maxWaitMs }', ['key', 'ms'], {
    key: aKey,
    ms: wait,
    maxWaitMs: wait,
  }),
  throttle: recordOf('{ key, ms }', ['key', 'ms'], { key: aKey, ms: wait }),
  replace: recordOf('{ key }', ['key'], { key: aKey }),
} as const satisfies Record<keyof TaskOptions, Check>;

/**
 * Checks a priority.
 *
 * @param what the thing that should be one, for the error
 * @throws BAD_OPTION
 */
export const checkPriority = (value: unknown, what: string): void => {
  const expected = checks.priority(value);
  if (expected !== undefined) {
    throw new MillraceError('BAD_OPTION', `${what} is ${expected}, not ${shown(value)}`);
  }
};

const keyed = ['idempotencyKey', 'debounce', 'throttle', 'replace'] as const;

/** Two options that say the same thing. */
const clashOf = (options: TaskOptions): string | undefined => {
  const { attempts: plain, debounce, delayMs, idempotencyKey: key, retry: again, runAt } = options;
  if (runAt !== undefined && delayMs !== undefined) {
    return 'give runAt or delayMs, not both';
  }
  const given = keyed.filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    return `give one of ${given.join(', ')}`;
  }
  if (debounce !== undefined && (runAt !== undefined || delayMs !== undefined)) {
    return 'debounce says how long the task waits: give no delayMs or runAt beside it';
  }
  if (typeof key === 'object' && key.forMs !== undefined && key.until !== undefined) {
    return 'give idempotencyKey.until or idempotencyKey.forMs, not both';
  }
  return plain !== undefined && again?.attempts !== undefined
    ? 'give attempts or retry.attempts, not both'
    : undefined;
};

/**
 * Checks the options of a task.
 *
 * @throws BAD_OPTION, naming the option and what it may be
 */
export const checkTaskOptions = (options: TaskOptions, what: string): TaskOptions => {
  const wrong = fault({ ...options }, checks) ?? clashOf(options);
  if (wrong !== undefined) {
    throw new MillraceError('BAD_OPTION', `${what}: ${wrong}`);
  }
  return options;
};
