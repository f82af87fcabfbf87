import { refuse, refuseUnknownSchedule } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const removeSchedule: Command<'removeSchedule'> = async (services, peer, requests) => {
  for (const { name, requestId } of requests) {
    const answer = await services.engine.removeSchedule(name);
    if (answer === 'removed') {
      peer.send({ verb: 'scheduleRemoved', requestId });
    } else if (answer === 'UNKNOWN_SCHEDULE') {
      refuseUnknownSchedule(peer, requestId, name);
    } else {
      refuse(peer, requestId, answer.refused, answer.message);
    }
  }
};
