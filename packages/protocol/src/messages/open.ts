import { limits } from '../words/limits.ts';
import { count, group, text } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

/** Name, host and process of a peer, for people who read the status. */
export const peerDescription = group('peer', {
  name: text(limits.workerNameMaxBytes),
  host: text(limits.workerNameMaxBytes),
  pid: count,
});

/** Asks for a new session. */
export const open = verb(8, 'open', 'dialler', { peer: peerDescription });
