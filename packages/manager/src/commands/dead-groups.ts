import type { Command } from './command.ts';
import { shortError } from './list-tasks.ts';

export const deadGroups: Command<'deadGroups'> = async (services, peer, requests) => {
  for (const { requestId, ...request } of requests) {
    const { groups, next } = await services.engine.deadGroups(request);
    peer.send({
      verb: 'deadGroupPage',
      requestId,
      groups: groups.map(({ error, ...group }) => ({
        ...group,
        error: error && shortError(error),
      })),
      next,
    });
  }
};
