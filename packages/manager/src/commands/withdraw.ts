import type { Command } from './command.ts';

export const withdraw: Command<'withdraw'> = (_services, peer, requests) => {
  for (const { requestId } of requests) {
    peer.waiting.get(requestId)?.withdraw();
  }
};
