import { limits } from '../words/limits.ts';
import { count, durationMs, group, integer, list, omissible, requestId } from './wire/fields.ts';
import { payload, queueName, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/**
 * Takes an item, or up to `max`, waiting at most `waitMs` for the first. Only the manager ends a
 * GET, unless the dialler withdraws it. Each item is leased to the session until a SETTLE removes
 * or returns it.
 */
export const get = verb(56, 'get', 'dialler', {
  requestId,
  queue: queueName,
  waitMs: durationMs,
  max: omissible(integer(1, limits.itemsPerGetMax)),
});

/** Answers a GET without `max`. */
export const item = verb(57, 'item', 'manager', {
  requestId,
  taskId,
  epoch: count,
  grant: count,
  payload,
});

/** No item came within the wait. */
export const empty = verb(58, 'empty', 'manager', { requestId });

export const grantedItem = group('granted item', { taskId, epoch: count, grant: count, payload });

/** Answers a GET with `max`. */
export const items = verb(59, 'items', 'manager', {
  requestId,
  items: list(grantedItem, limits.itemsPerGetMax),
});
