import { count, optional, requestId } from './wire/fields.ts';
import { cursor, queueName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** One step of a purge: cancels some of the tasks and items that wait in a queue. */
export const purge = verb(88, 'purge', 'dialler', {
  requestId,
  queue: queueName,
  after: optional(cursor),
});

export const purged = verb(89, 'purged', 'manager', {
  requestId,
  cancelled: count,
  next: optional(cursor),
});
