import {
  type CallOptions,
  changeAbandoned,
  checkPriority,
  inquire,
  type TimedPort,
} from '@millrace/protocol';

export const prioritize = async (
  port: TimedPort,
  taskId: string,
  priority: number,
  options: CallOptions,
): Promise<void> => {
  const what = `the new priority of task ${taskId}`;
  checkPriority(priority, what);
  await inquire(
    port,
    'prioritized',
    {
      build: (requestId) => ({ verb: 'prioritize', requestId, taskId, priority }),
      giveUp: (end, timeoutMs) =>
        changeAbandoned(end, what, timeoutMs, 'the task may or may not have it'),
    },
    options,
  );
};
