import type { NewTask } from '@millrace/protocol';
import type { Now, State } from '../state.ts';
import { planAdmission } from './admission-plan.ts';

/** Whether a request brings no new work, because its tasks are known or other tasks do their work. */
export const holdsAll = (state: State, tasks: readonly NewTask[], now: Now): boolean => {
  const wanted = tasks.flatMap((task) => {
    const queue = state.queues.get(task.queue);
    return queue === undefined ? [] : [{ task, queue, lane: undefined }];
  });
  return wanted.length === tasks.length && planAdmission(state, wanted, now).fresh.length === 0;
};
