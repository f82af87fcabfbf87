import { limits } from './limits.ts';

/**
 * Waits between the attempts of a task. The first waits are listed. After the last listed wait,
 * each wait is `factor` times the wait before. No wait is longer than `maxMs`.
 */
export interface RetryPolicy {
  readonly waitsMs: readonly number[];
  readonly factor: number;
  readonly maxMs: number;
  /** Share of each wait that is random, 0 to 1. */
  readonly jitter: number;
}

/** 1 s, doubled up to 10 min, half of it random. The shape is that of pg-boss, the cap that of Celery. */
export const defaultRetryPolicy: RetryPolicy = {
  waitsMs: [limits.backoffBaseMs],
  factor: 2,
  maxMs: limits.backoffMaxMs,
  jitter: 0.5,
};

/** Waits that a producer chooses: growing waits, equal waits, or a list whose last wait repeats. */
export type Backoff =
  | {
      /** The first wait. */
      readonly baseMs: number;
      /** Each wait is this many times the one before, 1 to 100. Default 2. */
      readonly factor?: number;
      /** The longest wait. Default 10 min, or `baseMs` if that is longer. */
      readonly maxMs?: number;
    }
  | { readonly fixedMs: number }
  | readonly number[];

/** How a task is tried again. */
export interface RetryOptions {
  /** Attempts that may fail before the task is dead. Default 5. */
  readonly attempts?: number;
  /** Waits between attempts. Default: 1 s, doubled up to 10 min. */
  readonly backoff?: Backoff;
  /** Share of each wait that is random, 0 to 1, so that tasks which failed together do not return together. Default 0.5. */
  readonly jitter?: number;
}

const isList = (backoff: Backoff): backoff is readonly number[] => Array.isArray(backoff);

const waitsOf = (backoff: Backoff): Omit<RetryPolicy, 'jitter'> => {
  if (isList(backoff)) {
    return { waitsMs: backoff, factor: 1, maxMs: limits.delayMaxMs };
  }
  if ('fixedMs' in backoff) {
    return { waitsMs: [backoff.fixedMs], factor: 1, maxMs: backoff.fixedMs };
  }
  const { baseMs, factor = defaultRetryPolicy.factor } = backoff;
  const maxMs = backoff.maxMs ?? Math.max(baseMs, limits.backoffMaxMs);
  return { waitsMs: [baseMs], factor, maxMs };
};

/** The policy of checked options; undefined for the default. */
export const retryPolicyOf = ({ backoff, jitter }: RetryOptions): RetryPolicy | undefined =>
  backoff === undefined && jitter === undefined
    ? undefined
    : {
        ...defaultRetryPolicy,
        ...(backoff === undefined ? {} : waitsOf(backoff)),
        ...(jitter === undefined ? {} : { jitter }),
      };

/** The largest wait after the n-th failure, where n is `failures`. */
const ceilingMs = ({ factor, maxMs, waitsMs }: RetryPolicy, failures: number): number => {
  const listed = waitsMs[Math.min(failures, waitsMs.length) - 1] ?? 0;
  const further = Math.max(0, failures - waitsMs.length);
  return Math.min(maxMs, listed * Math.min(factor ** further, Number.MAX_SAFE_INTEGER));
};

/**
 * The wait after the n-th failure: `(1 − j) · c + random · j · c`, where n is `failures`, `c` is the
 * largest wait after that failure, and `j` is the jitter. `random` is in [0, 1).
 */
export const retryDelayMs = (
  failures: number,
  random: number,
  policy: RetryPolicy = defaultRetryPolicy,
): number => {
  const wholeMs = ceilingMs(policy, failures);
  return Math.round(wholeMs * (1 - policy.jitter) + random * policy.jitter * wholeMs);
};
