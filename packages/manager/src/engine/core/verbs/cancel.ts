import type { TaskState } from '@millrace/protocol';
import { cancelledError } from '../attempt-errors.ts';
import type { Now, State } from '../state.ts';
import { isFinished } from '../task-machine.ts';
import { finish, requestCancel } from '../transitions.ts';

export interface CancelRequest {
  readonly taskId: string;
  readonly reason: string;
}

export type CancelAnswer =
  | { readonly answer: 'cancelled' | 'requested' | 'finished'; readonly state: TaskState }
  | 'UNKNOWN_TASK';

const cancelOne = (state: State, request: CancelRequest, now: Now): CancelAnswer => {
  const task = state.find(request.taskId);
  if (task === undefined) {
    return 'UNKNOWN_TASK';
  }
  if (isFinished(task.state)) {
    return { answer: 'finished', state: task.state };
  }
  if (task.lease !== undefined) {
    if (!task.cancelRequested) {
      requestCancel(state, task, task.lease, request.reason);
    }
    return { answer: 'requested', state: task.state };
  }
  finish(state, task, 'cancelled', { error: cancelledError(request.reason) }, now);
  return { answer: 'cancelled', state: task.state };
};

/**
 * Cancels waiting tasks at once. For a running one the request is recorded: a success
 * that is committed first stands, and any other end is then `cancelled`.
 */
export const cancel = (
  state: State,
  requests: readonly CancelRequest[],
  now: Now,
): CancelAnswer[] => requests.map((request) => cancelOne(state, request, now));
