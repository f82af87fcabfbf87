import { refuse, refuseUnknownSchedule } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const runSchedule: Command<'runSchedule'> = async (services, peer, requests) => {
  for (const { requestId, ...request } of requests) {
    const answer = await services.engine.runSchedule(request);
    if (answer === 'UNKNOWN_SCHEDULE') {
      refuseUnknownSchedule(peer, requestId, request.name);
    } else if ('refused' in answer) {
      refuse(peer, requestId, answer.refused, answer.message);
    } else {
      peer.send({ verb: 'scheduleRan', requestId, ...answer });
    }
  }
};
