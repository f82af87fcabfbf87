import {
  type CallOptions,
  changeAbandoned,
  codeOf,
  inquire,
  type TimedPort,
} from '@millrace/protocol';
import { type BulkOptions, forAllDead, isGone } from './all-dead.ts';
import type { TaskFilter } from './list-tasks.ts';

export const drop = async (
  port: TimedPort,
  taskId: string,
  options: CallOptions,
): Promise<void> => {
  let sent = 0;
  try {
    await inquire(
      port,
      'dropped',
      {
        build(requestId) {
          sent += 1;
          return { verb: 'drop', requestId, taskId };
        },
        giveUp: (end, timeoutMs) =>
          changeAbandoned(
            end,
            `the drop of task ${taskId}`,
            timeoutMs,
            'the task may or may not be removed',
          ),
      },
      options,
    );
  } catch (error) {
    // A DROP sent again may find the task removed by the first, whose answer was lost.
    if (sent < 2 || !isGone(codeOf(error))) {
      throw error;
    }
  }
};

export const dropAll = (
  port: TimedPort,
  filter: TaskFilter,
  options: BulkOptions,
): Promise<number> => forAllDead(port, filter, (taskId, each) => drop(port, taskId, each), options);
