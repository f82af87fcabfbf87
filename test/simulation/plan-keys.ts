import type { Random } from '../support/random.ts';
import type { Keyed, Order, TaskOrder } from './plan-orders.ts';

interface Keying {
  readonly busyMs: number;
  readonly clients: number;
  readonly orders: readonly Order[];
}

const KEYED_SHARE = 0.3;
const KEYS_MAX = 3;
const HELD_MAX_MS = 10_000;
const DEBOUNCE_MAX_MS = 3_000;
const TWINS_MAX = 3;
/** Twins come within one turn of the manager, while the first is debounced, or later. */
const TWIN_GAPS_MS = [2, 500, 6_000] as const;

/** What a key does, the same for all orders with this key. */
const planKeyed = (random: Random, key: string): Keyed => {
  const maxWaitMs = random.between(1, 2 * DEBOUNCE_MAX_MS);
  const ms = random.between(0, DEBOUNCE_MAX_MS);
  const forMs = random.between(1, HELD_MAX_MS);
  switch (random.between(0, 5)) {
    case 0:
    case 1:
      return { idempotencyKey: key };
    case 2:
      return { idempotencyKey: { key, forMs } };
    case 3:
      return { throttle: { key, ms: forMs } };
    case 4:
      return { replace: { key } };
    default:
      return { debounce: random.next() < 0.5 ? { key, ms } : { key, ms, maxWaitMs } };
  }
};

/** The same order again, perhaps by another client; its tasks have names of their own. */
const twinOf = (
  random: Random,
  { busyMs, clients }: Keying,
  order: Order & TaskOrder,
  number: number,
): Order & TaskOrder => {
  const gapMs = TWIN_GAPS_MS[random.between(0, TWIN_GAPS_MS.length - 1)] ?? 0;
  return {
    ...order,
    atMs: Math.min(busyMs, order.atMs + random.next() * gapMs),
    client: random.between(0, clients - 1),
    keys: order.keys.map((key) => `${key}.${number}`),
    cancelAfterMs: random.next() < 0.7 ? undefined : order.cancelAfterMs,
  };
};

/** Only plain work has a key: a replaced input must not change the properties by which the checker knows a task. */
const isPlain = ({ blocksMs, isPoison }: TaskOrder): boolean => blocksMs === 0 && !isPoison;

/** In some seeds, orders have keys, few enough that their tasks meet, and some orders come several times. */
export const withKeys = <P extends Keying>(plan: P, random: Random): P => {
  if (random.next() >= KEYED_SHARE) {
    return plan;
  }
  const share = random.next();
  const keys = Array.from({ length: random.between(1, KEYS_MAX) }, (_, n) =>
    planKeyed(random, `k${n}`),
  );
  const orders = plan.orders.flatMap((order): readonly Order[] => {
    if (order.kind !== 'enqueue' || !isPlain(order) || random.next() >= share) {
      return [order];
    }
    const keyed = { ...order, keyed: keys[random.between(0, keys.length - 1)] };
    const twins = Array.from({ length: random.between(0, TWINS_MAX) }, (_, n) =>
      twinOf(random, plan, keyed, n + 1),
    );
    return [keyed, ...twins];
  });
  return { ...plan, orders: orders.toSorted((a, b) => a.atMs - b.atMs) };
};
