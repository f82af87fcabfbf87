import type { Command } from './command.ts';

export const credit: Command<'credit'> = (_services, peer, messages) => {
  for (const { given, pool, received } of messages) {
    const declared = peer.pools.get(pool);
    if (declared === undefined) {
      peer.earlyCredit.set(pool, { given, received });
    } else {
      declared.announce(given, received);
    }
  }
};
