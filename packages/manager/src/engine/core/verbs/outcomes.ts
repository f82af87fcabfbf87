import type { Outcome, TaskState } from '@millrace/protocol';
import { type Finished, finishedOf } from '../committed.ts';
import type { State } from '../state.ts';
import { isFinished } from '../task-machine.ts';

/** What is known of a task's end. */
export type OutcomeAnswer =
  | Finished
  | { readonly taskId: string; readonly state: Exclude<TaskState, Outcome> }
  | 'UNKNOWN_TASK'
  | 'RESULT_REMOVED';

const outcomeOf = (state: State, taskId: string): OutcomeAnswer => {
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

/** The outcomes of tasks, or the states of those that have not ended. */
export const outcomes = (state: State, taskIds: readonly string[]): OutcomeAnswer[] =>
  taskIds.map((taskId) => outcomeOf(state, taskId));
