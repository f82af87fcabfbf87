import {
  type CallOptions,
  changeAbandoned,
  checkCall,
  checkScheduleName,
  codeOf,
  inquire,
  type TimedPort,
} from '@millrace/protocol';

/** Removes a schedule; the tasks that it made stay. */
export const removeSchedule = async (
  port: TimedPort,
  name: string,
  call: CallOptions,
): Promise<void> => {
  checkScheduleName(name);
  const what = `the removal of schedule '${name}'`;
  checkCall(call, what);
  let sent = 0;
  try {
    await inquire(
      port,
      'scheduleRemoved',
      {
        build(requestId) {
          sent += 1;
          return { verb: 'removeSchedule', requestId, name };
        },
        giveUp: (end, timeoutMs) =>
          changeAbandoned(end, what, timeoutMs, 'it may or may not be removed'),
      },
      call,
    );
  } catch (error) {
    // A request sent again may find the schedule removed by the first, whose answer was lost.
    if (sent < 2 || codeOf(error) !== 'UNKNOWN_SCHEDULE') {
      throw error;
    }
  }
};
