import { creditPool } from '../waiting/pool.ts';
import type { Command } from './command.ts';

export const credit: Command<'credit'> = (_services, peer, messages) => {
  for (const { given, pool, received } of messages) {
    creditPool(peer, pool, given, received);
  }
};
