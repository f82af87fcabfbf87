import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { handler, type TaskContext } from '@millrace/worker';
import { inlineWork, type Made, processWork, type Work } from './campaign-tasks.ts';
import { record } from './history.ts';

const work = async ({ forMs }: Work, { attempt, taskId }: TaskContext): Promise<Made> => {
  record({ kind: 'started', taskId, attempt, pid: process.pid });
  await sleep(forMs);
  const nonce = randomUUID();
  record({ kind: 'ended', taskId, pid: process.pid, nonce });
  return { taskId, nonce };
};

export default [
  handler(inlineWork, work, { concurrency: 10 }),
  handler(processWork, work, { runner: 'process', concurrency: 2 }),
];
