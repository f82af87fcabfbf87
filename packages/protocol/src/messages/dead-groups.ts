import { limits } from '../words/limits.ts';
import { count, group, list, optional, requestId, text } from './wire/fields.ts';
import { cursor, fingerprint, queueName, taskName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks for the causes of which tasks died, page by page. */
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

/** A page has the groups of some tasks: the next may have further tasks of the same groups. */
export const deadGroupPage = verb(95, 'deadGroupPage', 'manager', {
  requestId,
  groups: list(deadGroup, limits.listPageMax),
  next: optional(cursor),
});
