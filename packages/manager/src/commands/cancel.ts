import { refuseUnknownTask } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const cancel: Command<'cancel'> = async (services, peer, requests) => {
  const answers = await services.engine.cancel(requests);
  for (const [index, { requestId, taskId }] of requests.entries()) {
    const answer = answers[index];
    if (answer === 'UNKNOWN_TASK') {
      refuseUnknownTask(peer, requestId, taskId);
    } else if (answer !== undefined) {
      peer.send({ verb: 'cancelled', requestId, ...answer });
    }
  }
};
