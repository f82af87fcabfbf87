import type { MessageNamed, VerbName } from '@millrace/protocol';
import type { Peer } from '../waiting/peer.ts';
import type { Services } from './services.ts';

/**
 * Serves decoded messages of one verb: calls the services and replies. A command translates
 * and never decides. It is given all consecutive messages of its verb in a frame, so that
 * the engine is called once for all of them.
 */
export type Command<N extends VerbName> = (
  services: Services,
  peer: Peer,
  messages: readonly MessageNamed<N>[],
) => Promise<void> | void;
