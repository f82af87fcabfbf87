import { refuse } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const retry: Command<'retry'> = async (services, peer, requests) => {
  const answers = await services.engine.retry(requests);
  for (const [index, { requestId }] of requests.entries()) {
    const answer = answers[index];
    if (answer === 'retried') {
      peer.send({ verb: 'retried', requestId });
    } else if (answer !== undefined) {
      refuse(peer, requestId, answer.refused, answer.message);
    }
  }
};
