import { deadDropVerb } from './dead-drop.ts';
import { deadListVerb } from './dead-ls.ts';
import { deadRetryVerb } from './dead-retry.ts';
import type { Verb } from './verb.ts';

export const deadVerbs: Verb = (parent) => {
  const dead = parent.command('dead').description('tasks that failed for good');
  deadListVerb(dead);
  deadRetryVerb(dead);
  deadDropVerb(dead);
};
