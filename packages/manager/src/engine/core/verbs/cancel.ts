import type { CancelAnswer } from '../../engine.ts';
import type { Now, State } from '../state.ts';
import { cancelledError } from '../task.ts';
import { isFinished } from '../task-machine.ts';
import { finish, requestCancel } from '../transitions.ts';

/**
 * Cancels a waiting task at once. For a running one the request is recorded: a
 * success committed first stands, any other end is then `cancelled`.
 */
export const cancel = (
  state: State,
  request: { readonly taskId: string; readonly reason: string },
  now: Now,
): CancelAnswer => {
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
