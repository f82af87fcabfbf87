import { refuse } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const drop: Command<'drop'> = async (services, peer, requests) => {
  const answers = await services.engine.drop(requests.map(({ taskId }) => taskId));
  for (const [index, { requestId }] of requests.entries()) {
    const answer = answers[index];
    if (answer === 'dropped') {
      peer.send({ verb: 'dropped', requestId });
    } else if (answer !== undefined) {
      refuse(peer, requestId, answer.refused, answer.message);
    }
  }
};
