import { count, group, list, optional } from './wire/fields.ts';
import { deadlineMs, payload, pool, taskId } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

export const grantedTask = group('granted task', {
  taskId,
  epoch: count,
  grant: count,
  handle: count,
  payload,
  attempt: count,
  deadlineMs,
  losses: optional(count),
});

/** Hands out tasks; each costs the pool one credit. */
export const grant = verb(66, 'grant', 'manager', { pool, tasks: list(grantedTask) });
