import { sessionId, ticket } from './session.ts';
import { verb } from './wire/verb.ts';

/** Joins a heartbeat connection to an existing session, which it keeps alive. */
export const attach = verb(10, 'attach', 'dialler', { sessionId, ticket });
