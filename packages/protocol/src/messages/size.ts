import { count, omissible, requestId } from './wire/fields.ts';
import { queueName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks how many unfinished tasks and items a queue holds. */
export const size = verb(46, 'size', 'dialler', { requestId, queue: queueName });

export const sized = verb(47, 'sized', 'manager', {
  requestId,
  ready: count,
  scheduled: count,
  leased: count,
  bytes: count,
  freeItems: omissible(count),
  freeBytes: omissible(count),
});
