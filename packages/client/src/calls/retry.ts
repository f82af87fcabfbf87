import {
  type CallOptions,
  changeAbandoned,
  checkCall,
  expectVerb,
  limits,
  promiseOf,
} from '@millrace/protocol';
import { forAllDead } from './all-dead.ts';
import type { TaskFilter } from './list-tasks.ts';
import type { CallPort } from './port.ts';

/** Retries one dead task; answers the id of the new one. */
export const retry = async (
  port: CallPort,
  taskId: string,
  options: CallOptions,
): Promise<string> => {
  checkCall(options, `the retry of task ${taskId}`);
  const timeoutMs = Math.min(options.timeoutMs ?? limits.resendMaxMs, limits.resendMaxMs);
  const newTaskId = port.newTaskId();
  const reply = await promiseOf(
    {
      build: (requestId) => ({ verb: 'retry', requestId, taskId, newTaskId }),
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
  options: CallOptions,
): Promise<number> =>
  forAllDead(port, filter, (taskId, each) => retry(port, taskId, each), options);
