import { count, group, measure, optional } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

/** The state of a worker, in each of its PONGs. */
export const peerReport = group('report', {
  loopLagMs: measure,
  rssBytes: count,
  slots: count,
  busySlots: count,
});

/** Asks for a sign of life; the stamp is the sender's own and comes back unchanged. */
export const ping = verb(16, 'ping', 'both', { stampMs: measure });

export const pong = verb(17, 'pong', 'both', { stampMs: measure, report: optional(peerReport) });
