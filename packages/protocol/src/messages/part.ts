import { limits } from '../words/limits.ts';
import { bytes, count, flag } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

/** A piece of a message too large for a frame; the pieces of one message are consecutive parts. */
export const part = verb(21, 'part', 'both', { last: flag, bytes: bytes(limits.frameMaxBytes) });

/** Parts received so far on this connection: lets the sender send the next ones. */
export const partAck = verb(22, 'partAck', 'both', { received: count });
