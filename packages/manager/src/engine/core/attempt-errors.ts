import { limits, type TaskError } from '@millrace/protocol';
import type { Task } from './task.ts';

/** The errors that the manager itself gives a task. */

/** The error of a cancelled task. */
export const cancelledError = (reason: string): TaskError => ({
  name: 'Cancelled',
  message: reason,
  stack: '',
  retry: false,
});

export const lossError = ({ losses }: Task): TaskError => ({
  name: 'WorkerLost',
  message: `${losses} workers were lost while they ran this task`,
  stack: '',
  retry: false,
});

/** The error of an attempt that snoozes its task once too often. */
export const snoozedTooOften: TaskError = {
  name: 'SNOOZED_TOO_OFTEN',
  message: `the handler has put the task off ${limits.snoozesMax} times`,
  stack: '',
  retry: true,
};

/** The error of an attempt that outlived its deadline and its kill grace. */
export const fencedError: TaskError = {
  name: 'DeadlineExceeded',
  message: 'the attempt did not end within its deadline and kill grace; it was fenced off',
  stack: '',
  retry: true,
};
