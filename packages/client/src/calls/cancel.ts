import { type AskPort, clip, inquire, limits, type MessageNamed } from '@millrace/protocol';

/**
 * `cancelled`: the task had not started, and never will; `requested`: it runs, and was
 * asked to stop; `finished`: it had ended before.
 */
export type CancelAnswer = MessageNamed<'cancelled'>['answer'];

export const cancel = async (
  port: AskPort,
  taskId: string,
  reason: string,
): Promise<CancelAnswer> => {
  let sent = 0;
  const { answer, state } = await inquire(port, 'cancelled', (requestId) => {
    sent += 1;
    return { verb: 'cancel', requestId, taskId, reason: clip(reason, limits.reasonMaxBytes) };
  });
  // A CANCEL sent again may find the task cancelled by the first, whose answer was lost.
  return sent > 1 && answer === 'finished' && state === 'cancelled' ? 'cancelled' : answer;
};
