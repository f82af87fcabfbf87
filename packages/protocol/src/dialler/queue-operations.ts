import { type AskPort, inquire } from './inquire.ts';

export const pauseQueue = async (
  port: AskPort,
  queue: string,
  isPaused: boolean,
): Promise<void> => {
  await inquire(port, 'paused', (requestId) => ({ verb: 'pause', requestId, queue, isPaused }));
};

/** Purges step by step; answers how many were cancelled. */
export const purgeQueue = async (port: AskPort, queue: string): Promise<number> => {
  let cancelled = 0;
  for (let after: string | undefined; ; ) {
    const from = after;
    const step = await inquire(port, 'purged', (requestId) => ({
      verb: 'purge',
      requestId,
      queue,
      after: from,
    }));
    cancelled += step.cancelled;
    if (step.next === undefined) {
      return cancelled;
    }
    after = step.next;
  }
};
