import type { Random } from '../support/random.ts';
import type { Fault } from './plan-faults.ts';
import type { Order, TaskOrder } from './plan-orders.ts';
import type { WorkerPlan } from './worker-life.ts';

/** The parts of a plan that change where tasks block the event loop of their worker. */
interface Blockable {
  readonly busyMs: number;
  readonly workers: readonly WorkerPlan[];
  readonly orders: readonly Order[];
  readonly faults: readonly Fault[];
  readonly isProbed: boolean;
}

const BLOCKED_SHARE = 0.08;
const BLOCK_MAX_SHARE = 0.3;
const SHORT_MAX_MS = 3_000;
/** Longer than the time to drain, and than any deadline with its graces. */
const LONG_MAX_MS = 30_000;
const DEADLINE_MIN_MS = 100;
const DEADLINE_MAX_MS = 5_000;
const STOPS_MAX = 3;
/** Longer than the time to drain, so that the end of the faults does not cut a drain short. */
const DRAINS_MS = 30_000;

/** Half of the handlers block at once, before the loop has shown the watchdog that they run. */
const blocking = (random: Random, order: Order & TaskOrder): Order & TaskOrder => ({
  ...order,
  ms: random.next() < 0.5 ? 0 : order.ms,
  blocksMs:
    random.next() < 0.5
      ? random.between(1, SHORT_MAX_MS)
      : random.between(SHORT_MAX_MS, LONG_MAX_MS),
});

const planStop = (random: Random, busyMs: number): Fault => ({
  kind: 'stop worker',
  atMs: random.between(0, busyMs),
  forMs: DRAINS_MS,
  which: random.between(0, 1_000),
  way: 'both',
  stepMs: 0,
});

/** Stop signals are the only fault, and each task has a deadline, so that each end of a worker can be judged. */
const alone = <P extends Blockable>(plan: P, random: Random): P => ({
  ...plan,
  busyMs: plan.busyMs + DRAINS_MS,
  orders: plan.orders.map((order) =>
    order.kind === 'enqueue'
      ? {
          ...order,
          deadlineMs: order.deadlineMs ?? random.between(DEADLINE_MIN_MS, DEADLINE_MAX_MS),
        }
      : order,
  ),
  faults: Array.from({ length: random.between(0, STOPS_MAX) }, () =>
    planStop(random, plan.busyMs),
  ).toSorted((a, b) => a.atMs - b.atMs),
});

/**
 * In some seeds without poison, tasks block the event loop of their worker. Every worker
 * has a watchful heartbeat thread then. Probes are not sent, because a blocked worker keeps them
 * waiting.
 */
export const withBlocks = <P extends Blockable>(plan: P, random: Random): P => {
  const isPoisoned = plan.orders.some((order) => order.kind === 'enqueue' && order.isPoison);
  if (isPoisoned || random.next() >= BLOCKED_SHARE) {
    return plan;
  }
  const share = random.next() * BLOCK_MAX_SHARE;
  const blocked = {
    ...plan,
    workers: plan.workers.map((worker) => ({ ...worker, heartbeatThread: 'watchful' as const })),
    orders: plan.orders.map((order) =>
      order.kind === 'enqueue' && random.next() < share ? blocking(random, order) : order,
    ),
    isProbed: false,
  };
  return random.next() < 0.5 ? alone(blocked, random) : blocked;
};
