import { codeOf, inquire, type TimedPort } from '@millrace/protocol';
import { forAllDead, isGone } from './all-dead.ts';
import type { TaskFilter } from './list-tasks.ts';

export const drop = async (port: TimedPort, taskId: string): Promise<void> => {
  let sent = 0;
  try {
    await inquire(port, 'dropped', (requestId) => {
      sent += 1;
      return { verb: 'drop', requestId, taskId };
    });
  } catch (error) {
    // A DROP sent again may find the task removed by the first, whose answer was lost.
    if (sent < 2 || !isGone(codeOf(error))) {
      throw error;
    }
  }
};

export const dropAll = (port: TimedPort, filter: TaskFilter): Promise<number> =>
  forAllDead(port, filter, (taskId) => drop(port, taskId));
