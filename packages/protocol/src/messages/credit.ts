import { count } from './wire/fields.ts';
import { pool } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/**
 * Free slots of a pool, as two running totals: credits ever given and grants ever
 * received. Totals stay right when a CREDIT and a GRANT cross on the way.
 */
export const credit = verb(65, 'credit', 'dialler', { pool, given: count, received: count });
