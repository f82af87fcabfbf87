import type { MessageNamed, VerbName } from '@millrace/protocol';
import type { Peer } from '../waiting/peer.ts';
import type { Services } from './services.ts';

/**
 * What a verb does: decode is done, so call the services and reply. A command
 * translates and never decides. It is given all consecutive messages of its
 * verb in a frame, so that each layer below works on batches.
 */
export type Command<N extends VerbName> = (
  services: Services,
  peer: Peer,
  messages: readonly MessageNamed<N>[],
) => Promise<void> | void;
