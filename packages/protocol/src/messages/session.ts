import { limits } from '../words/limits.ts';
import { MAC_BYTES } from './handshake.ts';
import { count, durationMs, fixedBytes, list, text } from './wire/fields.ts';
import { token } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

export const sessionId = text(limits.sessionIdMaxBytes);
/** HMAC(store secret, session id, key id): proves that this session was given to this key. */
export const ticket = fixedBytes(MAC_BYTES);

/** The session is open; `lost` are the presented tokens that are no longer held. */
export const session = verb(11, 'session', 'manager', {
  sessionId,
  ticket,
  epoch: count,
  graceMs: durationMs,
  lost: list(token),
});
