import type { Outcome } from '@millrace/protocol';
import type { Finished, OutcomeAnswer, TaskInfo } from '../../../engine.ts';
import { isFinished } from '../keys.ts';
import type { State } from '../state.ts';
import type { Task } from '../task.ts';

/** A finished task as others see it. */
export const finishedOf = (task: Task): Finished => ({
  taskId: task.id,
  // Only finished tasks are asked for.
  state: task.state as Outcome,
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
  return isFinished(task.state)
    ? finishedOf(task)
    : { taskId, state: task.state as Exclude<Task['state'], Outcome> };
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
