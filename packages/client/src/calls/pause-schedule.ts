import {
  type CallOptions,
  changeAbandoned,
  checkCall,
  checkScheduleName,
  inquire,
  type TimedPort,
} from '@millrace/protocol';

/** Pauses a schedule, or resumes it. */
export const pauseSchedule = async (
  port: TimedPort,
  name: string,
  isPaused: boolean,
  call: CallOptions,
): Promise<void> => {
  checkScheduleName(name);
  const what = `the ${isPaused ? 'pause' : 'resumption'} of schedule '${name}'`;
  checkCall(call, what);
  await inquire(
    port,
    'schedulePaused',
    {
      build: (requestId) => ({ verb: 'pauseSchedule', requestId, name, isPaused }),
      giveUp: (end, timeoutMs) =>
        changeAbandoned(end, what, timeoutMs, 'it may or may not have happened'),
    },
    call,
  );
};
