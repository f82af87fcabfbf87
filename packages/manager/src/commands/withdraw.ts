import { withdraw as withdrawRequest } from '../waiting/open-requests.ts';
import type { Command } from './command.ts';

export const withdraw: Command<'withdraw'> = (_services, peer, requests) => {
  for (const { requestId } of requests) {
    withdrawRequest(peer, requestId);
  }
};
