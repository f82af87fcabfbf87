import { limits } from '../words/limits.ts';
import { bytes, count, flag, group, integer, measure, optional, text } from './fields.ts';
import { reason } from './shared-fields.ts';
import { verb } from './verb.ts';

/** What a worker says of itself with each PONG. */
export const peerReport = group('report', {
  loopLagMs: measure,
  rssBytes: count,
  slots: count,
  busySlots: count,
});

/** Asks for a sign of life; the stamp is the sender's own and comes back unchanged. */
export const ping = verb(16, 'ping', 'both', { stampMs: measure });
export const pong = verb(17, 'pong', 'both', { stampMs: measure, report: optional(peerReport) });

/** The sender will send nothing new; answered by GOODBYE_ACK once replies are out. */
export const goodbye = verb(18, 'goodbye', 'both', { reason });
export const goodbyeAck = verb(19, 'goodbyeAck', 'both', {});

/** The answer to request `requestId`, or with 0 the end of the connection. */
export const error = verb(20, 'error', 'both', {
  requestId: integer(0, Number.MAX_SAFE_INTEGER),
  code: text(64),
  message: text(limits.errorMessageMaxBytes),
});

/** A piece of a message too large for a frame; pieces of one message are consecutive parts. */
export const part = verb(21, 'part', 'both', { last: flag, bytes: bytes(limits.frameMaxBytes) });

/** Parts received so far on this connection: lets the next ones go. */
export const partAck = verb(22, 'partAck', 'both', { received: count });
