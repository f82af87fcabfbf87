import type { Debounce, IdempotencyKey, RetryOptions, Throttle } from '@millrace/protocol';
import type { Random } from '../support/random.ts';
import type { SimTaskName, Whims } from './work.ts';

/** An order that a client carries out. */
export type Order = { readonly atMs: number; readonly client: number } & (
  | TaskOrder
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly timeoutMs: number;
      readonly delayMs: number;
    }
  | { readonly kind: 'get'; readonly timeoutMs: number }
  | {
      readonly kind: 'lease';
      readonly timeoutMs: number;
      readonly holdMs: number;
      readonly isAcked: boolean;
    }
);

/** Waits between the attempts of a task, and the shortest of them, which the checker requires. */
export interface Policy {
  readonly retry: Required<Pick<RetryOptions, 'backoff' | 'jitter'>>;
  readonly leastMs: number;
}

/** The key of an order: one of the options of a task that has a key. */
export type Keyed =
  | { readonly idempotencyKey: string | IdempotencyKey }
  | { readonly throttle: Throttle }
  | { readonly debounce: Debounce }
  | { readonly replace: { readonly key: string } };

export interface TaskOrder {
  readonly kind: 'enqueue';
  readonly keys: readonly string[];
  readonly task: Exclude<SimTaskName, 'probe'>;
  readonly ms: number;
  readonly failures: number;
  readonly isFatal: boolean;
  readonly heedsAbort: boolean;
  readonly paddingBytes: number;
  readonly priority: number;
  readonly delayMs: number;
  readonly deadlineMs: number | null;
  readonly attempts: number;
  readonly expiresInMs: number | undefined;
  readonly timeoutMs: number;
  readonly cancelAfterMs: number | undefined;
  readonly awaitsResult: boolean;
  readonly isPoison: boolean;
  /** How long it blocks the event loop of its worker. */
  readonly blocksMs: number;
  /** The waits between its attempts, where the order chooses them. */
  readonly policy: Policy | undefined;
  readonly whims: Whims | undefined;
  readonly keyed: Keyed | undefined;
  readonly version: number;
}

const names = ['grind', 'grind', 'sift', 'weigh', 'weigh'] as const;
/** The tasks of the queue with few places. */
const crowdedNames = ['weigh'] as const;

const some = <T>(random: Random, share: number, make: () => T): T | undefined =>
  random.next() < share ? make() : undefined;

const oneOf = <T>(random: Random, from: readonly T[]): T | undefined =>
  from[random.between(0, from.length - 1)];

/** The character of the work of one seed: shares of tasks with a property. */
interface Mood {
  readonly failing: number;
  readonly slow: number;
  readonly cancelled: number;
  readonly delayed: number;
  readonly large: number;
  /** All tasks go to the queue with few places, and more items are put than taken. */
  readonly isCrowded: boolean;
}

const planTasks = (random: Random, mood: Mood, newKey: () => string): TaskOrder => {
  const count = random.next() < 0.3 ? random.between(2, 5) : 1;
  const isSlow = random.next() < mood.slow;
  const ms = isSlow ? random.between(1_000, 20_000) : random.between(0, 400);
  return {
    kind: 'enqueue',
    keys: Array.from({ length: count }, newKey),
    task: oneOf(random, mood.isCrowded ? crowdedNames : names) ?? 'grind',
    ms,
    failures: some(random, mood.failing, () => random.between(1, 4)) ?? 0,
    isFatal: random.next() < 0.2,
    heedsAbort: random.next() < 0.7,
    paddingBytes: some(random, mood.large, () => random.between(1_000, 200_000)) ?? 0,
    priority: random.between(-2, 2),
    delayMs: some(random, mood.delayed, () => random.between(1, 5_000)) ?? 0,
    deadlineMs: some(random, 0.3, () => random.between(100, 5_000)) ?? null,
    attempts: random.between(1, 4),
    expiresInMs: some(random, 0.1, () => random.between(1, 5_000)),
    timeoutMs: some(random, 0.8, () => random.between(0, 10_000)) ?? 60_000,
    cancelAfterMs: some(random, mood.cancelled, () => random.between(0, 3_000)),
    awaitsResult: random.next() < 0.7,
    isPoison: false,
    blocksMs: 0,
    policy: undefined,
    whims: undefined,
    keyed: undefined,
    version: 1,
  };
};

const ORDERS_MIN = 4;
const ORDERS_MAX = 80;

/** The orders of all clients, sorted by time. */
export const planOrders = (
  random: Random,
  { busyMs, clients, size }: { busyMs: number; clients: number; size: number },
): Order[] => {
  const mood: Mood = {
    failing: random.next() * 0.4,
    slow: random.next() ** 2 * 0.5,
    cancelled: random.next() * 0.3,
    delayed: random.next() * 0.4,
    large: random.next() ** 3 * 0.3,
    isCrowded: random.next() < 0.25,
  };
  const [tasks, puts, gets] = mood.isCrowded ? [0.5, 0.35, 0.07] : [0.6, 0.2, 0.1];
  let keys = 0;
  const newKey = (): string => {
    keys += 1;
    return `t${keys}`;
  };
  const most = Math.round(2 * ORDERS_MIN + size * (ORDERS_MAX - 2 * ORDERS_MIN));
  const orders = Array.from({ length: random.between(ORDERS_MIN, most) }, (): Order => {
    const when = { atMs: random.between(0, busyMs), client: random.between(0, clients - 1) };
    const draw = random.next();
    const timeoutMs = random.between(0, 8_000);
    if (draw < tasks) {
      return { ...when, ...planTasks(random, mood, newKey) };
    }
    if (draw < tasks + puts) {
      const delayMs = some(random, mood.delayed, () => random.between(1, 3_000)) ?? 0;
      return { ...when, kind: 'put', key: newKey(), timeoutMs, delayMs };
    }
    return draw < tasks + puts + gets
      ? { ...when, kind: 'get', timeoutMs }
      : {
          ...when,
          kind: 'lease',
          timeoutMs,
          holdMs: random.between(0, 5_000),
          isAcked: random.next() < 0.7,
        };
  });
  return orders.toSorted((a, b) => a.atMs - b.atMs);
};

const POISONED_SHARE = 0.15;
const POISON_MAX_SHARE = 0.4;

export interface Poisoning {
  /** The share of the tasks that end the process which runs them. */
  readonly share: number;
  /** Nothing but the poison ends a worker, so that each death of another task is one too many. */
  readonly isAlone: boolean;
}

export const planPoisoning = (random: Random): Poisoning => {
  const isPoisoned = random.next() < POISONED_SHARE;
  return {
    share: isPoisoned ? random.next() * POISON_MAX_SHARE : 0,
    isAlone: isPoisoned && random.next() < 0.5,
  };
};

export const poison = (random: Random, orders: readonly Order[], { share }: Poisoning): Order[] =>
  orders.map((order) =>
    order.kind === 'enqueue' && random.next() < share ? { ...order, isPoison: true } : order,
  );
