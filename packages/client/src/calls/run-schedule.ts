import {
  type CallOptions,
  changeAbandoned,
  checkCall,
  checkScheduleName,
  inquire,
  limits,
} from '@millrace/protocol';
import type { Enqueued } from './enqueue.ts';
import type { CallPort } from './port.ts';

/** Makes the task of a schedule now. Sent again, it makes no other. */
export const runSchedule = async (
  port: CallPort,
  name: string,
  call: CallOptions,
): Promise<Enqueued> => {
  checkScheduleName(name);
  const what = `the run of schedule '${name}'`;
  checkCall(call, what);
  const newTaskId = port.newTaskId();
  const timeoutMs = Math.min(call.timeoutMs ?? limits.resendMaxMs, limits.resendMaxMs);
  const { isNew, taskId } = await inquire(
    port,
    'scheduleRan',
    {
      build: (requestId) => ({ verb: 'runSchedule', requestId, name, newTaskId }),
      giveUp: (end) => changeAbandoned(end, what, timeoutMs, `it may have made task ${newTaskId}`),
    },
    { ...call, timeoutMs },
  );
  return { taskId, isNew };
};
