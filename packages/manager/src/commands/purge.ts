import { refuseUnknownQueue } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const purge: Command<'purge'> = async (services, peer, requests) => {
  for (const { after, queue, requestId } of requests) {
    const answer = await services.engine.purge({ queue, after });
    if (answer === 'UNKNOWN_QUEUE') {
      refuseUnknownQueue(peer, requestId, queue);
    } else {
      peer.send({ verb: 'purged', requestId, ...answer });
    }
  }
};
