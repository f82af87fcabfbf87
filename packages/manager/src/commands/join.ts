import { refuseIfTooMany } from '../waiting/open-requests.ts';
import type { Command } from './command.ts';

export const join: Command<'join'> = (services, peer, requests) => {
  for (const request of requests) {
    services.admitQueue(request.queue);
    if (!refuseIfTooMany(peer, request.requestId)) {
      services.joins.wait(peer, request);
    }
  }
};
