import { handler, type TaskContext } from '@millrace/worker';
import { waitAt } from '../support/fixtures/lighthouse.ts';
import { type At, inlineWait, processWait, type RanBy } from './kill-tasks.ts';

const wait = async ({ path }: At, { taskId }: TaskContext): Promise<RanBy> => {
  const worker = process.env['TEST_WORKER'] ?? '';
  await waitAt(path, `${worker} ${taskId}`);
  return { worker };
};

export default [
  handler(inlineWait, wait),
  handler(processWait, wait, { runner: 'process', concurrency: 2 }),
];
