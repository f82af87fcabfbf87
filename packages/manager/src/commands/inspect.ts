import type { Command } from './command.ts';

export const inspect: Command<'inspect'> = async (services, peer, requests) => {
  for (const { requestId, taskId } of requests) {
    const info = await services.engine.inspect(taskId);
    if (info === 'UNKNOWN_TASK') {
      const message = `no task ${taskId}, or it was removed`;
      peer.send({ verb: 'error', requestId, code: info, message });
    } else {
      peer.send({ verb: 'taskInfo', requestId, ...info });
    }
  }
};
