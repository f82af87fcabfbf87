import { limits } from '@millrace/protocol';
import type { Peer, Waiting } from './peer.ts';

/**
 * Refuses a request that would wait here, when its peer has as many waiting as it may. One
 * that was sent again takes its own place.
 */
export const refuseIfTooMany = (peer: Peer, requestId: number): boolean => {
  if (peer.waiting.size < limits.requestsPerSessionMax || peer.waiting.has(requestId)) {
    return false;
  }
  const message = `${peer.waiting.size} requests of this session wait already`;
  peer.send({ verb: 'error', requestId, code: 'TOO_MANY_REQUESTS', message });
  return true;
};

/** Ends what waits under a request. */
export const withdraw = (peer: Peer, requestId: number): void =>
  peer.waiting.get(requestId)?.withdraw();

/** A request waits for one thing at a time: it waited for room before, or was sent again. */
export const beginWaiting = (peer: Peer, requestId: number, waiting: Waiting): void => {
  withdraw(peer, requestId);
  peer.waiting.set(requestId, waiting);
};
