import type { ErrorCode } from '@millrace/protocol';
import type { Peer } from '../waiting/peer.ts';

/** A request that is answered by an error. */
export const refuse = (peer: Peer, requestId: number, code: ErrorCode, message: string): void =>
  peer.send({ verb: 'error', requestId, code, message });

export const refuseUnknownQueue = (peer: Peer, requestId: number, queue: string): void =>
  refuse(peer, requestId, 'UNKNOWN_QUEUE', `there is no queue '${queue}'`);
