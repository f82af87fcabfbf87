import { refuseUnknownSchedule } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const pauseSchedule: Command<'pauseSchedule'> = async (services, peer, requests) => {
  for (const { isPaused, name, requestId } of requests) {
    if ((await services.engine.pauseSchedule({ name, isPaused })) === 'UNKNOWN_SCHEDULE') {
      refuseUnknownSchedule(peer, requestId, name);
    } else {
      peer.send({ verb: 'schedulePaused', requestId, isPaused });
    }
  }
};
