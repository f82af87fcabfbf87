import type { Outcome } from '@millrace/protocol';
import type { Finished, OutcomeAnswer, TaskInfo } from '../../engine.ts';
import type { State } from '../state.ts';
import type { Task } from '../task.ts';
import { isFinished } from '../task-machine.ts';

/** A finished task as others see it. */
export const finishedOf = (task: Task, state: Outcome): Finished => ({
  taskId: task.id,
  state,
  result: task.result,
  error: task.error,
});

/** What is known of a task's end. The caller waits until it is durable. */
export const outcomeOf = (state: State, taskId: string): OutcomeAnswer => {
  const task = state.find(taskId);
  if (task === undefined) {
    return 'UNKNOWN_TASK';
  }
  if (task.isTombstone) {
    return 'RESULT_REMOVED';
  }
  const { state: taskState } = task;
  return isFinished(taskState) ? finishedOf(task, taskState) : { taskId, state: taskState };
};

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
