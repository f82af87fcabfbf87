import { taskStates } from '../words/task.ts';
import { requestId, word } from './wire/fields.ts';
import { reason, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

const cancelAnswers = ['cancelled', 'requested', 'finished'] as const;

/** Cancels a task; a running one is asked to stop. */
export const cancel = verb(42, 'cancel', 'dialler', { requestId, taskId, reason });

/** `requested`: the task runs, and any end but success will be `cancelled`. */
export const cancelled = verb(43, 'cancelled', 'manager', {
  requestId,
  answer: word(cancelAnswers),
  state: word(taskStates),
});
