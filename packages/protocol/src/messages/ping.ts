import { limits } from '../words/limits.ts';
import { count, group, list, measure, optional, text } from './wire/fields.ts';
import { queueName, taskId, taskName } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** A slot whose attempt goes on although its deadline and its kill grace are over. */
export const lostSlot = group('lost slot', {
  pool: count,
  taskId,
  queue: queueName,
  name: taskName,
  lostForMs: measure,
});

/** An event loop that is silent, and what blocks it. */
export const blockedLoop = group('blocked loop', {
  silentMs: measure,
  taskId: optional(taskId),
  name: optional(taskName),
  place: optional(text(limits.reasonMaxBytes)),
});

/** The state of a worker, in each of its PONGs. */
export const peerReport = group('report', {
  loopLagMs: measure,
  rssBytes: count,
  slots: count,
  busySlots: count,
  lostSlots: optional(count),
  lost: optional(list(lostSlot)),
  blocked: optional(blockedLoop),
});

/** Asks for a sign of life; the stamp is the sender's own and comes back unchanged. */
export const ping = verb(16, 'ping', 'both', { stampMs: measure });

export const pong = verb(17, 'pong', 'both', { stampMs: measure, report: optional(peerReport) });
