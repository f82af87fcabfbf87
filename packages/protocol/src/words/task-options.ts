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
  /** When the task is ready, by the clock of its producer; a time that has passed means now. Excludes `delayMs`. */
  readonly runAt?: Date;
  /** Longest run of one attempt; `null` for no limit. Default 15 min. */
  readonly deadlineMs?: number | null;
  /** Attempts that may fail before the task is dead. Excludes `retry.attempts`. Default 5. */
  readonly attempts?: number;
  /** How a task is tried again. */
  readonly retry?: RetryOptions;
  /** The task expires unless an attempt starts within this time. Default: never. */
  readonly expiresInMs?: number;
  /**
   * The work is queued once: while a task of the same queue and name holds the key, an enqueue
   * answers with a handle of that task. A key that is given as a text is held until its task ends.
   */
  readonly idempotencyKey?: string | IdempotencyKey;
  /** Until a task with the key is granted, a further enqueue replaces its payload and restarts its wait. */
  readonly debounce?: Debounce;
  /** At most one task for the key in each window of time, like `idempotencyKey` with `forMs`. */
  readonly throttle?: Throttle;
  /** Like `debounce`, but the task keeps its time. */
  readonly replace?: { readonly key: string };
}

export interface IdempotencyKey {
  /** 1 to 200 bytes. */
  readonly key: string;
  /** The key is free when its task has ended. This is the default. */
  readonly until?: 'finished';
  /** The key is free this long after the enqueue, whatever became of its task. */
  readonly forMs?: number;
}

export interface Debounce {
  readonly key: string;
  /** How long the task waits from the last enqueue on. */
  readonly ms: number;
  /** How long the task waits at most, from the first enqueue. Default: no limit. */
  readonly maxWaitMs?: number;
}

export interface Throttle {
  readonly key: string;
  readonly ms: number;
}

/** Why the value of the option `name` is refused, in words; undefined if the value is right. */
export type Check = (value: unknown, name: string) => string | undefined;

const refusal = (name: string, expected: string, value: unknown): string =>
  `${name} is ${expected}, not ${shown(value)}`;

export const only =
  (isRight: (value: unknown) => boolean, expected: string): Check =>
  (value, name) =>
    isRight(value) ? undefined : refusal(name, expected, value);

const isFrom = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;

export const wholeFrom = (min: number, max: number): Check =>
  only(
    (value) => Number.isSafeInteger(value) && isFrom(value, min, max),
    `a whole number from ${min} to ${max}`,
  );

const numberFrom = (min: number, max: number): Check =>
  only((value) => isFrom(value, min, max), `a number from ${min} to ${max}`);

const orNull =
  (check: Check): Check =>
  (value, name) =>
    value === null ? undefined : check(value, name);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const aDate = only(
  (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  'a valid Date',
);

const delay = wholeFrom(0, limits.delayMaxMs);
const attempts = wholeFrom(1, limits.attemptsMax);

const listOfWaits = (waits: readonly unknown[], name: string): string | undefined =>
  waits.length === 0 || waits.length > limits.backoffWaitsMax
    ? refusal(name, `a list of 1 to ${limits.backoffWaitsMax} waits`, waits)
    : waits
        .map((value, index) => delay(value, `${name}[${index}]`))
        .find((wrong) => wrong !== undefined);

const shapes = {
  fixedMs: { fixedMs: delay },
  baseMs: {
    baseMs: wholeFrom(1, limits.delayMaxMs),
    factor: numberFrom(1, limits.backoffFactorMax),
    maxMs: wholeFrom(1, limits.delayMaxMs),
  },
} as const satisfies Record<string, Record<string, Check>>;

const SHAPES = '{ baseMs, factor, maxMs }, { fixedMs } or a list of waits in ms';

const backoff: Check = (value, name) => {
  if (Array.isArray(value)) {
    return listOfWaits(value, name);
  }
  if (!isRecord(value) || 'fixedMs' in value === 'baseMs' in value) {
    return refusal(name, SHAPES, value);
  }
  return fault(value, 'fixedMs' in value ? shapes.fixedMs : shapes.baseMs, `${name}.`);
};

/** Why the first wrong option of an object is refused, in words; undefined if all are right. */
export const fault = (
  values: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
  prefix: string,
): string | undefined => {
  for (const [name, value] of Object.entries(values)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      return `no option '${prefix}${name}'${suggestion(name, Object.keys(checks))}`;
    }
    const wrong = value === undefined ? undefined : check(value, `${prefix}${name}`);
    if (wrong !== undefined) {
      return wrong;
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

const aKey = only(
  (value) =>
    typeof value === 'string' &&
    value !== '' &&
    !value.includes('\0') &&
    // Halves of pairs all become the same bytes, so different keys would be one.
    value.isWellFormed() &&
    Buffer.byteLength(value) <= limits.taskKeyMaxBytes,
  `a text of 1 to ${limits.taskKeyMaxBytes} bytes without NUL or halves of surrogate pairs`,
);

/** An object of options, which must have those that are `needed`. */
const recordOf =
  (shape: string, needed: readonly string[], inner: Readonly<Record<string, Check>>): Check =>
  (value, name) =>
    !isRecord(value) || needed.some((option) => value[option] === undefined)
      ? refusal(name, shape, value)
      : fault(value, inner, `${name}.`);

const retry = recordOf('{ attempts, backoff, jitter }', [], retryChecks);

const wait = wholeFrom(1, limits.delayMaxMs);

const idempotency = recordOf('a text or { key, until, forMs }', ['key'], {
  key: aKey,
  until: only((value) => value === 'finished', "'finished'"),
  forMs: wait,
});

const idempotencyKey: Check = (value, name) =>
  isRecord(value) ? idempotency(value, name) : aKey(value, name);

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
 * @param what names the value in the error
 * @throws BAD_OPTION
 */
export const checkPriority = (value: unknown, what: string): void => {
  const wrong = checks.priority(value, what);
  if (wrong !== undefined) {
    throw new MillraceError('BAD_OPTION', wrong);
  }
};

const keyed = ['idempotencyKey', 'debounce', 'throttle', 'replace'] as const;

/** Why options exclude each other, in words; undefined if they do not. */
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
  const wrong = fault({ ...options }, checks, '') ?? clashOf(options);
  if (wrong !== undefined) {
    throw new MillraceError('BAD_OPTION', `${what}: ${wrong}`);
  }
  return options;
};
