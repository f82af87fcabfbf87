import { declarePool as declare } from '../waiting/pool.ts';
import type { Command } from './command.ts';

export const declarePool: Command<'declarePool'> = (services, peer, requests) => {
  for (const request of requests) {
    for (const { queue } of request.handles) {
      services.admitQueue(queue);
    }
    declare(services.dispatcher, peer, request);
  }
};
