import { refuse } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const schedule: Command<'schedule'> = async (services, peer, requests) => {
  for (const { requestId, schedule: spec } of requests) {
    services.admitQueue(spec.queue);
    const answer = await services.engine.schedule({ schedule: spec, origin: 'api' });
    if (typeof answer === 'string') {
      peer.send({ verb: 'scheduled', requestId, answer });
    } else {
      refuse(peer, requestId, answer.refused, answer.message);
    }
  }
};
