import { count, durationMs, requestId } from './wire/fields.ts';
import { payload, queueName, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/**
 * Takes an item, waiting at most `waitMs`. Only the manager ends a GET, unless the
 * dialler withdraws it. The item is leased to the session until a SETTLE removes
 * or returns it.
 */
export const get = verb(56, 'get', 'dialler', { requestId, queue: queueName, waitMs: durationMs });

export const item = verb(57, 'item', 'manager', {
  requestId,
  taskId,
  epoch: count,
  grant: count,
  payload,
});

/** No item came within the wait. */
export const empty = verb(58, 'empty', 'manager', { requestId });
