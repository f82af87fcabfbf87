import { refuseUnknownTask } from '../waiting/refuse.ts';
import type { Command } from './command.ts';

const nothing = { payload: undefined, result: undefined };

export const inspect: Command<'inspect'> = async (services, peer, requests) => {
  for (const { requestId, taskId, withData } of requests) {
    const info = await services.engine.inspect(taskId);
    if (info === 'UNKNOWN_TASK') {
      refuseUnknownTask(peer, requestId, taskId);
    } else {
      const data = withData === true ? await services.engine.taskData(taskId) : nothing;
      const history = info.history.length === 0 ? undefined : info.history;
      const version = info.version === 1 ? undefined : info.version;
      peer.send({ verb: 'taskInfo', requestId, ...info, ...data, history, version });
    }
  }
};
