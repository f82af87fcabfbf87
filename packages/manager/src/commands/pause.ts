import { refuseUnknownQueue } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const pause: Command<'pause'> = async (services, peer, requests) => {
  for (const { isPaused, queue, requestId } of requests) {
    if ((await services.engine.pause({ queue, isPaused })) === 'UNKNOWN_QUEUE') {
      refuseUnknownQueue(peer, requestId, queue);
    } else {
      peer.send({ verb: 'paused', requestId, isPaused });
    }
  }
};
