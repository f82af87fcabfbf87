import { flag, requestId } from './wire/fields.ts';
import { queueName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Pauses a queue, or resumes it. */
export const pause = verb(86, 'pause', 'dialler', { requestId, queue: queueName, isPaused: flag });

export const paused = verb(87, 'paused', 'manager', { requestId, isPaused: flag });
