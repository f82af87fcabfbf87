import {
  type CallOptions,
  changeAbandoned,
  checkText,
  clip,
  inquire,
  limits,
  type MessageNamed,
  type TimedPort,
} from '@millrace/protocol';

/**
 * `cancelled`: the task had not started, and never will; `requested`: it runs, and was
 * asked to stop; `finished`: it had ended before.
 */
export type CancelAnswer = MessageNamed<'cancelled'>['answer'];

export const cancel = async (
  port: TimedPort,
  taskId: string,
  reason: string,
  options: CallOptions,
): Promise<CancelAnswer> => {
  checkText(reason, 'the reason of a cancel, before its options,');
  let sent = 0;
  const { answer, state } = await inquire(
    port,
    'cancelled',
    {
      build(requestId) {
        sent += 1;
        return { verb: 'cancel', requestId, taskId, reason: clip(reason, limits.reasonMaxBytes) };
      },
      giveUp: (end, timeoutMs) =>
        changeAbandoned(
          end,
          `the cancel of task ${taskId}`,
          timeoutMs,
          'the task may or may not be cancelled',
        ),
    },
    options,
  );
  // A CANCEL sent again may find the task cancelled by the first, whose answer was lost.
  return sent > 1 && answer === 'finished' && state === 'cancelled' ? 'cancelled' : answer;
};
