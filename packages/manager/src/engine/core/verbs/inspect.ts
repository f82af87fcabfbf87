import type { TaskError, TaskState } from '@millrace/protocol';
import type { State } from '../state.ts';

export interface TaskInfo {
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly grant: number;
  readonly failures: number;
  readonly losses: number;
  readonly returns: number;
  readonly payloadBytes: number;
  readonly error: TaskError | undefined;
}

/** What is known of a task now. */
export const inspect = (state: State, taskId: string): TaskInfo | 'UNKNOWN_TASK' => {
  const task = state.find(taskId);
  if (task === undefined) {
    return 'UNKNOWN_TASK';
  }
  return {
    queue: task.lane.queue.spec.name,
    name: task.lane.name,
    state: task.state,
    priority: task.priority,
    grant: task.grants,
    failures: task.failures,
    losses: task.losses,
    returns: task.returns,
    payloadBytes: task.payloadBytes,
    error: task.error,
  };
};
