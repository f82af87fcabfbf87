import { limits } from '../words/limits.ts';
import { count, group, list, optional, requestId, text } from './wire/fields.ts';
import { cursor, fingerprint, queueName, taskName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks for groups of dead tasks that died of the same cause, page by page. */
export const deadGroups = verb(94, 'deadGroups', 'dialler', {
  requestId,
  queue: optional(queueName),
  name: optional(taskName),
  after: optional(cursor),
});

export const deadGroup = group('dead group', {
  fingerprint,
  queue: queueName,
  name: taskName,
  error: optional(text(limits.listErrorMaxBytes)),
  count,
  firstAgoMs: count,
  lastAgoMs: count,
});

/** The groups of some dead tasks. A later page may have more tasks of the same groups. */
export const deadGroupPage = verb(95, 'deadGroupPage', 'manager', {
  requestId,
  groups: list(deadGroup, limits.listPageMax),
  next: optional(cursor),
});
