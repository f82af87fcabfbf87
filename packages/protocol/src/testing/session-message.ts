import type { Message } from '../messages/message-table.ts';

/** What opens a conversation for a peer, as a manager sends it. */
export const sessionMessage: Message = {
  verb: 'session',
  sessionId: 's',
  ticket: new Uint8Array(32),
  epoch: 1,
  graceMs: 2_000,
  lost: [],
};
