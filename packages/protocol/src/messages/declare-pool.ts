import { flag, group, list, omissible, optional } from './wire/fields.ts';
import { pool, queueName, taskName, version } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

export const handle = group('handle', {
  queue: queueName,
  name: taskName,
  version: omissible(version),
});

/** Declares what a pool of slots runs. GRANT refers to a handle by its position. */
export const declarePool = verb(64, 'declarePool', 'dialler', {
  pool,
  handles: list(handle),
  isolates: optional(flag),
});
