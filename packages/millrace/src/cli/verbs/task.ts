import { taskCancelVerb } from './task-cancel.ts';
import { taskShowVerb } from './task-show.ts';
import type { Verb } from './verb.ts';

export const taskVerbs: Verb = (parent) => {
  const task = parent.command('task').description('ask about a task, or cancel it');
  taskShowVerb(task);
  taskCancelVerb(task);
};
