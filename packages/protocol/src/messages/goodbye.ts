import { reason } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/**
 * The reason of a GOODBYE with which a manager asks a client to leave until the client has
 * something to say. Nobody waits for anything then, so the client reports no error.
 */
export const IDLE_REASON = 'idle';

/** The sender will send nothing new; answered by GOODBYE_ACK once all replies have been sent. */
export const goodbye = verb(18, 'goodbye', 'both', { reason });

export const goodbyeAck = verb(19, 'goodbyeAck', 'both', {});
