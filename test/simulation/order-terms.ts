import type { IdempotencyKey, TaskOptions } from '@millrace/protocol';
import type { EventOf } from '../checker/history.ts';
import type { Keyed, TaskOrder } from './plan-orders.ts';
import type { Behaviour } from './work.ts';

/** The terms of an order: as the SDK takes them, as the handler reads them, and as the history has them. */

const onceOf = (given: string | IdempotencyKey): IdempotencyKey =>
  typeof given === 'string' ? { key: given } : given;

type HistoryKey = NonNullable<EventOf<'submit'>['key']>;

/**
 * A key and how long it is held, for the history. Each task name has keys of its own, and an input
 * replaces only inputs of its own version.
 */
const historyKeyOf = (task: string, version: number, keyed: Keyed): HistoryKey => {
  if ('debounce' in keyed) {
    return { name: `${task} ${version} ${keyed.debounce.key}`, holds: 'until granted' };
  }
  if ('replace' in keyed) {
    return { name: `${task} ${version} ${keyed.replace.key}`, holds: 'until granted' };
  }
  if ('throttle' in keyed) {
    return { name: `${task} ${keyed.throttle.key}`, holds: keyed.throttle.ms };
  }
  const { forMs, key } = onceOf(keyed.idempotencyKey);
  return { name: `${task} ${key}`, holds: forMs ?? 'until finished' };
};

/** The wait before a task is ready. A debounced task waits no longer than it may in all. */
const delayMsOf = ({ delayMs, keyed }: TaskOrder): number => {
  if (keyed === undefined || !('debounce' in keyed)) {
    return delayMs;
  }
  const { maxWaitMs = Number.POSITIVE_INFINITY, ms } = keyed.debounce;
  return Math.min(ms, maxWaitMs);
};

/** The shortest wait of millrace's own policy: its first wait is 1 s, and half of it is random. */
const DEFAULT_LEAST_MS = 500;

/** What the history says of each task of an order. */
export const aboutOf = (
  order: TaskOrder,
): Omit<EventOf<'submit'>, 'kind' | 'task' | 'client' | 'atMs'> => {
  const { attempts, deadlineMs, expiresInMs, isPoison, keyed, policy, task, version } = order;
  return {
    what: 'task',
    mayExpire: expiresInMs !== undefined,
    deadlineMs,
    isPoison,
    attempts,
    delayMs: delayMsOf(order),
    version,
    retryLeastMs: policy?.leastMs ?? DEFAULT_LEAST_MS,
    ...(keyed === undefined ? {} : { key: historyKeyOf(task, version, keyed) }),
  };
};

/** The options of an order's tasks, for the SDK. */
export const optionsOf = (order: TaskOrder): TaskOptions => {
  const { attempts, deadlineMs, delayMs, expiresInMs, keyed, policy, priority } = order;
  const isDebounced = keyed !== undefined && 'debounce' in keyed;
  return {
    attempts,
    deadlineMs,
    priority,
    ...(isDebounced ? {} : { delayMs }),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(policy === undefined ? {} : { retry: policy.retry }),
    ...keyed,
  };
};

/** The payload of one task of an order. */
export const behaviourOf = (order: TaskOrder, key: string): Behaviour => ({
  key,
  ms: order.ms,
  failures: order.failures,
  ...(order.isPoison ? { isPoison: true } : {}),
  ...(order.blocksMs > 0 ? { blocksMs: order.blocksMs } : {}),
  isFatal: order.isFatal,
  heedsAbort: order.heedsAbort,
  ...(order.whims === undefined ? {} : { whims: order.whims }),
  padding: 'x'.repeat(order.paddingBytes),
});
