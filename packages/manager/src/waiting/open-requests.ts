import { limits } from '@millrace/protocol';
import type { OpenRequest, Peer } from './peer.ts';

/**
 * Refuses a request that would wait here, when its peer has as many waiting as it may. A
 * request that was sent again takes its own place.
 */
export const refuseIfTooMany = (peer: Peer, requestId: number): boolean => {
  const { openRequests } = peer;
  if (openRequests.size < limits.requestsPerSessionMax || openRequests.has(requestId)) {
    return false;
  }
  const message = `${openRequests.size} requests of this session wait already`;
  peer.send({ verb: 'error', requestId, code: 'TOO_MANY_REQUESTS', message });
  return true;
};

/** Ends the request of this id, if it waits here. */
export const withdraw = (peer: Peer, requestId: number): void =>
  peer.openRequests.get(requestId)?.withdraw();

/** A request waits for one thing at a time: it may have waited for room before, or was sent again. */
export const beginWaiting = (peer: Peer, requestId: number, request: OpenRequest): void => {
  withdraw(peer, requestId);
  peer.openRequests.set(requestId, request);
};
