import { count, durationMs, requestId } from './wire/fields.ts';
import { queueName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Waits until a queue has no unfinished task or item, at most `waitMs`. */
export const join = verb(60, 'join', 'dialler', {
  requestId,
  queue: queueName,
  waitMs: durationMs,
});

/** Zero unless the wait ended before. */
export const joined = verb(61, 'joined', 'manager', { requestId, unfinished: count });
