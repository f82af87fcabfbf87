import { Getter } from '../waiting/getter.ts';
import { refuseIfTooMany } from '../waiting/open-requests.ts';
import { refuseUnknownQueue } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const get: Command<'get'> = (services, peer, requests) => {
  for (const request of requests) {
    const { queue, requestId } = request;
    services.admitQueue(queue);
    if (refuseIfTooMany(peer, requestId)) {
      continue;
    }
    if (services.engine.hasQueue(queue)) {
      // A getter waits among the open requests of its peer.
      void new Getter(services, peer, request);
    } else {
      refuseUnknownQueue(peer, requestId, queue);
    }
  }
};
