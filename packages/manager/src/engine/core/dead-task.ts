import type { State } from './state.ts';
import type { Task } from './task.ts';

export type DeadRefusal = 'UNKNOWN_TASK' | 'RESULT_REMOVED' | 'TASK_NOT_DEAD';

export interface DeadRefused {
  readonly refused: DeadRefusal;
  readonly message: string;
}

/** A dead task that is still kept, or why there is none. */
export const findDead = (state: State, taskId: string): Task | DeadRefused => {
  const task = state.find(taskId);
  if (task === undefined) {
    return { refused: 'UNKNOWN_TASK', message: `no task ${taskId}, or it was removed` };
  }
  if (task.isTombstone) {
    return { refused: 'RESULT_REMOVED', message: `task ${taskId} ended, and is no longer kept` };
  }
  if (task.state !== 'dead') {
    return {
      refused: 'TASK_NOT_DEAD',
      message: `task ${taskId} is not dead; its state is ${task.state}`,
    };
  }
  return task;
};
