import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { defineTask } from '@millrace/protocol';
import { type HandlerBinding, handler } from '@millrace/worker';

export const TASKS_QUEUE = 'crash-tasks';
export const ITEMS_QUEUE = 'crash-items';

export interface Order {
  readonly n: number;
  readonly text: string;
}

/** The result of a run: a digest of its input, and a nonce that distinguishes it from other runs. */
export interface Echo {
  readonly n: number;
  readonly digest: string;
  readonly nonce: string;
}

/** Succeeds. */
export const echoTask = defineTask<Order, Echo>('echo', { queue: TASKS_QUEUE });
/** Fails, so that the task is dead. */
export const refuseTask = defineTask<Order, Echo>('refuse', { queue: TASKS_QUEUE, attempts: 1 });
/** Runs until it is cancelled. */
export const holdTask = defineTask<Order, Echo>('hold', { queue: TASKS_QUEUE });

export const digestOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url');

export const refusalOf = (n: number): string => `refused ${n}`;

const HOLDS_MAX = 1_000;

export const crashHandlers: readonly HandlerBinding[] = [
  handler(echoTask, ({ n, text }) => ({ n, digest: digestOf(text), nonce: randomUUID() })),
  handler(refuseTask, ({ n }) => {
    throw new Error(refusalOf(n));
  }),
  handler(
    holdTask,
    async (_order, { signal }) => {
      if (!signal.aborted) {
        await once(signal, 'abort');
      }
      throw signal.reason;
    },
    { concurrency: HOLDS_MAX },
  ),
];
