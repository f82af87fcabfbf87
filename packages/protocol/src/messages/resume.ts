import { peerDescription } from './open.ts';
import { sessionId, ticket } from './session.ts';
import { list } from './wire/fields.ts';
import { token } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

/** Takes up a session and presents every unsettled token. Leases not presented return. */
export const resume = verb(9, 'resume', 'dialler', {
  sessionId,
  ticket,
  tokens: list(token),
  peer: peerDescription,
});
