import type { Random } from '../support/random.ts';
import type { Order } from './plan-orders.ts';
import type { WorkerPlan } from './worker-life.ts';

interface Versioned {
  readonly workers: readonly WorkerPlan[];
  readonly orders: readonly Order[];
}

const VERSIONED_SHARE = 0.2;
const versions = [1, 2, 3] as const;

/**
 * In some seeds, tasks are enqueued in three versions. The first worker takes all versions, so
 * that no task waits for a missing handler; each other takes some.
 */
export const withVersions = <P extends Versioned>(plan: P, random: Random): P => {
  if (random.next() >= VERSIONED_SHARE) {
    return plan;
  }
  const some = (): readonly number[] => {
    const taken = versions.filter(() => random.next() < 0.5);
    return taken.length === 0 ? [random.between(1, versions.length)] : taken;
  };
  return {
    ...plan,
    workers: plan.workers.map((worker, index) => ({
      ...worker,
      versions: index === 0 ? versions : some(),
    })),
    orders: plan.orders.map((order) =>
      order.kind === 'enqueue' ? { ...order, version: random.between(1, versions.length) } : order,
    ),
  };
};
