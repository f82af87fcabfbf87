import type { Message } from '../messages/message-table.ts';

/** The SESSION with which a manager opens the conversation. */
export const sessionMessage: Message = {
  verb: 'session',
  sessionId: 's',
  ticket: new Uint8Array(32),
  epoch: 1,
  graceMs: 2_000,
  lost: [],
};
