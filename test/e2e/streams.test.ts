import { writeFileSync } from 'node:fs';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import type { Child } from '../harness/child.ts';
import { type Stage, stages } from '../harness/stage.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const millrace = JSON.stringify(import.meta.resolve('millrace'));
const talking = defineTask<null, string>('talking');

/** A worker whose handler writes to its log. */
const talker = async (): Promise<Child> => {
  const file = stage.path('talking.mjs');
  writeFileSync(
    file,
    `import { defineTask, handler } from ${millrace};
    const talk = (_input, { log }) => { log.info('at it'); return 'done'; };
    export default [handler(defineTask('talking'), talk)];`,
  );
  const worker = stage.command(['worker', file]);
  await worker.line(/worker handles/);
  return worker;
};

/** As when `tee` ends before the command whose log it writes. */
const loseReader = (child: Child): void => {
  child.process.stderr?.destroy();
};

test('a worker works and drains although nobody reads its log any more', async () => {
  await stage.manager();
  const worker = await talker();
  loseReader(worker);
  const client = await stage.connect();
  const task = await client.enqueue(talking, null);
  expect(await task.result({ timeoutMs: 30_000 })).toBe('done');
  expect(await worker.end('SIGINT')).toEqual({ code: 0, signal: null });
});

test('a manager says goodbye although nobody reads its log any more', async () => {
  const manager = await stage.manager();
  loseReader(manager);
  await stage.cli(['queue', 'ls'], { MILLRACE_AUTHKEY: 'wrong' });
  expect((await stage.cli(['check', 'live'])).code).toBe(0);
  expect(await manager.end('SIGINT')).toEqual({ code: 0, signal: null });
});
