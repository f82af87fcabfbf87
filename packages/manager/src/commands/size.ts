import type { Command } from './command.ts';

export const size: Command<'size'> = async (services, peer, requests) => {
  for (const { queue, requestId } of requests) {
    services.admitQueue(queue);
    const counts = await services.engine.size(queue);
    if (counts === 'UNKNOWN_QUEUE') {
      const message = `no queue '${queue}' is declared`;
      peer.send({ verb: 'error', requestId, code: counts, message });
    } else {
      peer.send({ verb: 'sized', requestId, ...counts });
    }
  }
};
