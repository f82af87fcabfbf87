import { reason } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Asks a worker to take nothing new, to finish what it runs, and to end. */
export const drain = verb(92, 'drain', 'manager', { reason });
