import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { defineTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { stages } from '../support/stage.ts';

const openStage = stages();
const millrace = JSON.stringify(import.meta.resolve('millrace'));
const blocked = defineTask<string, string>('blocked');

test('a worker whose thread is in a call that nothing breaks off ends all the same', async () => {
  const stage = await openStage();
  await stage.manager();
  const file = stage.path('blocked.mjs');
  const fifo = stage.path('fifo');
  execFileSync('mkfifo', [fifo]);
  writeFileSync(
    file,
    `import { readFileSync } from 'node:fs';
    import { defineTask, handler } from ${millrace};
    const block = (fifo, { log }) => { log.info('it begins'); return readFileSync(fifo, 'utf8'); };
    export default [handler(defineTask('blocked'), block, { runner: 'thread' })];`,
  );
  const worker = stage.command(['worker', file], { MILLRACE_DRAIN_MS: '400' });
  await worker.line(/worker handles/);
  const client = await stage.connect();
  await client.enqueue(blocked, fifo);
  await worker.line(/it begins/);
  expect(await worker.end('SIGTERM')).toEqual({ code: null, signal: 'SIGKILL' });
  expect(worker.output).toMatch(/a thread is stuck in a call that cannot be interrupted/);
});
