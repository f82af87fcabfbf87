import { requestId } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

/** The dialler no longer waits for a parked ENQUEUE, an AWAIT_OUTCOME or a GET. */
export const withdraw = verb(36, 'withdraw', 'dialler', { requestId });
