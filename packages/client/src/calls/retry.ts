import { expectVerb, limits, MillraceError, promiseOf } from '@millrace/protocol';
import { forAllDead } from './all-dead.ts';
import type { TaskFilter } from './list-tasks.ts';
import type { CallPort } from './port.ts';

/** Retries one dead task; answers the id of the new one. */
export const retry = async (port: CallPort, taskId: string): Promise<string> => {
  const newTaskId = port.newTaskId();
  const reply = await promiseOf(
    {
      build: (requestId) => ({ verb: 'retry', requestId, taskId, newTaskId }),
      giveUpAtMs: port.clock.monotonicMs() + limits.resendMaxMs,
      giveUp: () =>
        new MillraceError(
          'UNKNOWN',
          `no answer within ${limits.resendMaxMs} ms to the retry of task ${taskId}: it may have become task ${newTaskId}`,
        ),
    },
    (asked) => port.ask(asked),
  );
  expectVerb(reply, 'retried');
  return newTaskId;
};

export const retryAll = (port: CallPort, filter: TaskFilter): Promise<number> =>
  forAllDead(port, filter, (taskId) => retry(port, taskId));
