import { reason } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** The sender will send nothing new; answered by GOODBYE_ACK once all replies have been sent. */
export const goodbye = verb(18, 'goodbye', 'both', { reason });

export const goodbyeAck = verb(19, 'goodbyeAck', 'both', {});
