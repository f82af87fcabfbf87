import {
  type CallOptions,
  changeAbandoned,
  checkCall,
  encodePayload,
  expectVerb,
  limits,
  promiseOf,
} from '@millrace/protocol';
import { type BulkOptions, forAllDead } from './all-dead.ts';
import type { TaskFilter } from './list-tasks.ts';
import type { CallPort } from './port.ts';

export interface RetryCall extends CallOptions {
  /** Replaces the payload of the dead task. The new task then counts as new work. */
  readonly payload?: unknown;
  /** Whether the new task goes without the idempotency key of the dead task. Default false. */
  readonly withoutKey?: boolean;
}

/** Retries one dead task; answers the id of the new one. */
export const retry = async (
  port: CallPort,
  taskId: string,
  options: RetryCall,
): Promise<string> => {
  checkCall(options, `the retry of task ${taskId}`);
  const timeoutMs = Math.min(options.timeoutMs ?? limits.resendMaxMs, limits.resendMaxMs);
  const newTaskId = port.newTaskId();
  const payload =
    options.payload === undefined
      ? undefined
      : encodePayload(options.payload, `the payload for task ${taskId}`, port.payloadMaxBytes());
  const reply = await promiseOf(
    {
      build: (requestId) => ({
        verb: 'retry',
        requestId,
        taskId,
        newTaskId,
        payload,
        withoutKey: options.withoutKey,
      }),
      giveUpAtMs: port.clock.monotonicMs() + timeoutMs,
      giveUp: (end) =>
        changeAbandoned(
          end,
          `the retry of task ${taskId}`,
          timeoutMs,
          `it may have become task ${newTaskId}`,
        ),
      signal: options.signal,
      isAnsweredAtOnce: true,
    },
    (asked) => port.ask(asked),
  );
  expectVerb(reply, 'retried');
  return newTaskId;
};

export const retryAll = (
  port: CallPort,
  filter: TaskFilter,
  options: BulkOptions,
): Promise<number> => {
  const made = new Set<string>();
  const again = async (taskId: string, each: CallOptions): Promise<void> => {
    made.add(await retry(port, taskId, each));
  };
  return forAllDead(port, filter, again, options, made);
};
