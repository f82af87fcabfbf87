import { type AskPort, inquire, type MessageNamed } from '@millrace/protocol';

export type TaskInfo = Omit<MessageNamed<'taskInfo'>, 'verb' | 'requestId'>;

export const inspect = async (port: AskPort, taskId: string): Promise<TaskInfo> => {
  const reply = await inquire(port, 'taskInfo', (requestId) => ({
    verb: 'inspect',
    requestId,
    taskId,
  }));
  const { requestId: _requestId, verb: _verb, ...info } = reply;
  return info;
};
