import { refuseUnknownTask } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

export const inspect: Command<'inspect'> = async (services, peer, requests) => {
  for (const { requestId, taskId } of requests) {
    const info = await services.engine.inspect(taskId);
    if (info === 'UNKNOWN_TASK') {
      refuseUnknownTask(peer, requestId, taskId);
    } else {
      peer.send({ verb: 'taskInfo', requestId, ...info });
    }
  }
};
