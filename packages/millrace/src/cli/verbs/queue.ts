import { queueGetVerb } from './queue-get.ts';
import { queueListVerb } from './queue-ls.ts';
import { queuePauseVerb } from './queue-pause.ts';
import { queuePurgeVerb } from './queue-purge.ts';
import { queuePutVerb } from './queue-put.ts';
import { queueResumeVerb } from './queue-resume.ts';
import { queueShowVerb } from './queue-show.ts';
import type { Verb } from './verb.ts';

export const queueVerbs: Verb = (parent) => {
  const queue = parent.command('queue').description('ask about queues, put and get items');
  queueListVerb(queue);
  queueShowVerb(queue);
  queuePutVerb(queue);
  queueGetVerb(queue);
  queuePauseVerb(queue);
  queueResumeVerb(queue);
  queuePurgeVerb(queue);
};
