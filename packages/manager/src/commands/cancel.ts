import type { Command } from './command.ts';

export const cancel: Command<'cancel'> = async (services, peer, requests) => {
  const answers = await services.engine.cancel(requests);
  for (const [index, answer] of answers.entries()) {
    const requestId = requests[index]?.requestId ?? 0;
    if (answer === 'UNKNOWN_TASK') {
      const message = `no task ${requests[index]?.taskId ?? ''}, or it was removed`;
      peer.send({ verb: 'error', requestId, code: answer, message });
    } else {
      peer.send({ verb: 'cancelled', requestId, ...answer });
    }
  }
};
