import { limits } from '../words/limits.ts';
import { count, requestId, text } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

/** Asks that workers drain: all workers of this name, or the one with this session id. */
export const drainWorker = verb(90, 'drainWorker', 'dialler', {
  requestId,
  worker: text(limits.workerNameMaxBytes),
});

export const workerDraining = verb(91, 'workerDraining', 'manager', { requestId, workers: count });
