import { encodePayload, limits } from '@millrace/protocol';
import type { Command } from './command.ts';

export const status: Command<'status'> = (services, peer, requests) => {
  const document = encodePayload(services.status(), 'the status', limits.statusMaxBytes);
  for (const { requestId } of requests) {
    peer.send({ verb: 'statusReport', requestId, document });
  }
};
