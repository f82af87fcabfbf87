import type { Command } from './command.ts';

export const credit: Command<'credit'> = (_services, peer, messages) => {
  for (const { given, pool, received } of messages) {
    peer.pools.get(pool)?.announce(given, received);
  }
};
