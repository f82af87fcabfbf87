import { taskCancelVerb } from './task-cancel.ts';
import { taskListVerb } from './task-ls.ts';
import { taskRetryVerb } from './task-retry.ts';
import { taskShowVerb } from './task-show.ts';
import type { Verb } from './verb.ts';

export const taskVerbs: Verb = (parent) => {
  const task = parent.command('task').description('ask about tasks, cancel or retry them');
  taskListVerb(task);
  taskShowVerb(task);
  taskCancelVerb(task);
  taskRetryVerb(task);
};
