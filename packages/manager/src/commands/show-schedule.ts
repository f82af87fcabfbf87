import { refuseUnknownSchedule } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const showSchedule: Command<'showSchedule'> = async (services, peer, requests) => {
  for (const { name, requestId } of requests) {
    const info = await services.engine.showSchedule(name);
    if (info === 'UNKNOWN_SCHEDULE') {
      refuseUnknownSchedule(peer, requestId, name);
    } else {
      peer.send({ verb: 'scheduleInfo', requestId, ...info });
    }
  }
};
