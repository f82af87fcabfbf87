import { refuse } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const prioritize: Command<'prioritize'> = async (services, peer, requests) => {
  const answers = await services.engine.prioritize(requests);
  for (const [index, { requestId }] of requests.entries()) {
    const answer = answers[index];
    if (answer === 'prioritized') {
      peer.send({ verb: 'prioritized', requestId });
    } else if (answer !== undefined) {
      refuse(peer, requestId, answer.refused, answer.message);
    }
  }
};
