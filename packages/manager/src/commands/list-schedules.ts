import type { Command } from './command.ts';

export const listSchedules: Command<'listSchedules'> = async (services, peer, requests) => {
  for (const { after, requestId } of requests) {
    const { next, schedules } = await services.engine.listSchedules({ after });
    peer.send({ verb: 'schedulePage', requestId, schedules, next });
  }
};
