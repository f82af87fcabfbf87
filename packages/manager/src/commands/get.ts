import { Getter } from '../waiting/getter.ts';
import { refuseIfTooMany } from '../waiting/open-requests.ts';
import type { Command } from './command.ts';
import { refuse } from './refuse.ts';

export const get: Command<'get'> = (services, peer, requests) => {
  for (const request of requests) {
    const { queue, requestId } = request;
    services.admitQueue(queue);
    if (refuseIfTooMany(peer, requestId)) {
      continue;
    }
    if (services.engine.hasQueue(queue)) {
      // It waits among the open requests of its peer.
      void new Getter(services, peer, request);
    } else {
      refuse(peer, requestId, 'UNKNOWN_QUEUE', `no queue '${queue}' is declared`);
    }
  }
};
