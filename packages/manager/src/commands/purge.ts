import type { Command } from './command.ts';
import { refuseUnknownQueue } from './refuse.ts';

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
