import type { RetryOptions } from '@millrace/protocol';
import type { Random } from '../support/random.ts';
import type { Order, Policy, TaskOrder } from './plan-orders.ts';

interface Retrying {
  readonly orders: readonly Order[];
}

const RETRYING_SHARE = 0.3;
const FAILURES_MAX = 3;
const WAIT_MAX_MS = 3_000;
/** Below one, so that each task that is put off runs in the end. */
const SNOOZES_MAX_SHARE = 0.6;

const jitters = [0, 0.5, 1] as const;

const waitsOf = (random: Random): Pick<RetryOptions, 'backoff'> & { readonly firstMs: number } => {
  const waitMs = (): number => random.between(0, WAIT_MAX_MS);
  const firstMs = waitMs();
  switch (random.between(0, 2)) {
    case 0:
      return { backoff: { fixedMs: firstMs }, firstMs };
    case 1:
      return {
        backoff: { baseMs: Math.max(1, firstMs), factor: random.between(1, 3), maxMs: 10_000 },
        firstMs,
      };
    default: {
      const listed = [firstMs, ...Array.from({ length: random.between(0, 2) }, waitMs)];
      return { backoff: listed, firstMs: Math.min(...listed) };
    }
  }
};

const planPolicy = (random: Random): Policy => {
  const { backoff = [], firstMs } = waitsOf(random);
  const jitter = jitters[random.between(0, jitters.length - 1)] ?? 0;
  return { retry: { backoff, jitter }, leastMs: Math.floor(firstMs * (1 - jitter)) };
};

const retrying = (random: Random, order: Order & TaskOrder): Order & TaskOrder => ({
  ...order,
  failures: random.next() < 0.5 ? order.failures : random.between(1, FAILURES_MAX),
  policy: random.next() < 0.6 ? planPolicy(random) : undefined,
  whims:
    random.next() < 0.8
      ? {
          snoozes: random.next() * SNOOZES_MAX_SHARE,
          asks: random.next(),
          maxMs: random.between(1, WAIT_MAX_MS),
        }
      : undefined,
});

/** In some seeds, tasks choose the waits between their attempts, and handlers put tasks off or ask for a wait. */
export const withRetries = <P extends Retrying>(plan: P, random: Random): P => {
  if (random.next() >= RETRYING_SHARE) {
    return plan;
  }
  const share = random.next();
  return {
    ...plan,
    orders: plan.orders.map((order) =>
      order.kind === 'enqueue' && random.next() < share ? retrying(random, order) : order,
    ),
  };
};
