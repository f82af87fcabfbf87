import { limits } from '@millrace/protocol';
import type { Peer } from './peer.ts';

/** Refuses a request that would wait here, when its peer has as many waiting as it may. */
export const refuseIfTooMany = (peer: Peer, requestId: number): boolean => {
  if (peer.waiting.size < limits.requestsPerSessionMax) {
    return false;
  }
  const message = `${peer.waiting.size} requests of this session wait already`;
  peer.send({ verb: 'error', requestId, code: 'TOO_MANY_REQUESTS', message });
  return true;
};
