import type { Message, MessageNamed, NewTask } from '@millrace/protocol';

type Report = MessageNamed<'settle'>['results'][number];

/** A task of queue `q`, as a client sends it. */
export const sampleTask = (taskId: string): NewTask => ({
  taskId,
  queue: 'q',
  name: 'work',
  payload: new Uint8Array(1),
  priority: 0,
  delayMs: 0,
  deadlineMs: null,
  attempts: 1,
  expiresInMs: undefined,
});

/** A report that the first task granted by these messages has succeeded. */
export const successOfFirst = (messages: readonly Message[]): Report => {
  const [grant] = messages.flatMap((message) => (message.verb === 'grant' ? message.tasks : []));
  if (grant === undefined) {
    throw new Error('nothing was granted');
  }
  const { epoch, grant: number, taskId } = grant;
  return { taskId, epoch, grant: number, kind: 'succeeded', result: undefined, error: undefined };
};
