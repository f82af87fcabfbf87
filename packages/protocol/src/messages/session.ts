import { limits } from '../words/limits.ts';
import { count, durationMs, fixedBytes, group, list, text } from './fields.ts';
import { MAC_BYTES } from './handshake.ts';
import { token } from './shared-fields.ts';
import { verb } from './verb.ts';

const sessionId = text(64);
/** HMAC(store secret, session, key id): proves that this session was given to this key. */
const ticket = fixedBytes(MAC_BYTES);

/** Who a peer is, for people who read the status. */
export const peerDescription = group('peer', {
  name: text(limits.workerNameMaxBytes),
  host: text(limits.workerNameMaxBytes),
  pid: count,
});

/** Asks for a new session. */
export const open = verb(8, 'open', 'dialler', { peer: peerDescription });

/** Takes up a session, presenting every unsettled token. Leases not presented return. */
export const resume = verb(9, 'resume', 'dialler', {
  sessionId,
  ticket,
  tokens: list(token),
  peer: peerDescription,
});

/** A heartbeat lane keeps an existing session alive. */
export const attach = verb(10, 'attach', 'dialler', { sessionId, ticket });

/** The session stands; `lost` are the presented tokens that are no longer held. */
export const session = verb(11, 'session', 'manager', {
  sessionId,
  ticket,
  epoch: count,
  graceMs: durationMs,
  lost: list(token),
});
