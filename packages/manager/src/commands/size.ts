import { refuseUnknownQueue } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const size: Command<'size'> = async (services, peer, requests) => {
  for (const { queue, requestId } of requests) {
    services.admitQueue(queue);
    const counts = await services.engine.size(queue);
    if (counts === 'UNKNOWN_QUEUE') {
      refuseUnknownQueue(peer, requestId, queue);
    } else {
      peer.send({ verb: 'sized', requestId, ...counts });
    }
  }
};
