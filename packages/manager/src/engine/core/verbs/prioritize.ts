import type { State } from '../state.ts';
import { changePriority } from '../transitions.ts';

export interface PrioritizeRequest {
  readonly taskId: string;
  readonly priority: number;
}

export type PrioritizeAnswer =
  | 'prioritized'
  | {
      readonly refused: 'UNKNOWN_TASK' | 'TASK_NOT_WAITING';
      readonly message: string;
    };

const prioritizeOne = (state: State, { priority, taskId }: PrioritizeRequest): PrioritizeAnswer => {
  const task = state.find(taskId);
  if (task === undefined) {
    return { refused: 'UNKNOWN_TASK', message: `no task ${taskId}, or it was removed` };
  }
  if (task.state !== 'ready' && task.state !== 'scheduled') {
    return {
      refused: 'TASK_NOT_WAITING',
      message: `task ${taskId} no longer waits; its state is ${task.state}`,
    };
  }
  if (task.priority !== priority) {
    changePriority(state, task, priority);
  }
  return 'prioritized';
};

/** Changes the priority of tasks that wait. One that is ready can be claimed once the change is durable. */
export const prioritize = (
  state: State,
  requests: readonly PrioritizeRequest[],
): PrioritizeAnswer[] => requests.map((request) => prioritizeOne(state, request));
