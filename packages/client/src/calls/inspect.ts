import {
  type CallOptions,
  inquire,
  type MessageNamed,
  readAbandoned,
  type TimedPort,
} from '@millrace/protocol';

export type TaskInfo = Omit<MessageNamed<'taskInfo'>, 'verb' | 'requestId'>;

export const inspect = async (
  port: TimedPort,
  taskId: string,
  options: CallOptions,
): Promise<TaskInfo> => {
  const reply = await inquire(
    port,
    'taskInfo',
    {
      build: (requestId) => ({ verb: 'inspect', requestId, taskId }),
      giveUp: (end, timeoutMs) => readAbandoned(end, `the state of task ${taskId}`, timeoutMs),
    },
    options,
  );
  const { requestId: _requestId, verb: _verb, ...info } = reply;
  return info;
};
