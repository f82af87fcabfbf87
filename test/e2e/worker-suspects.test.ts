import { defineTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { type Beacon, Lighthouse } from '../support/fixtures/lighthouse.ts';
import { stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('../support/fixtures/modules/suspects.ts', import.meta.url);

interface At {
  readonly path: string;
}

const isBad = ({ text }: Beacon): boolean => text === 'bad';

test('a task that kills its worker costs no other task its life', async () => {
  const stage = await openStage();
  await stage.manager();
  const lighthouse = await Lighthouse.open();
  const inline = defineTask<At, number>('good-inline');
  const thread = defineTask<At, number>('good-thread');
  const bad = defineTask<At, number>('bad', { attempts: 1 });
  const first = await stage.worker(handlers, { name: 'first' });
  const client = await stage.connect();
  const at = { path: lighthouse.path };
  const victims = [inline, inline, thread, thread].map((task) => client.enqueue(task, at));
  const tasks = await Promise.all(victims);
  const culprit = await client.enqueue(bad, at);
  const together = await Promise.all(Array.from({ length: 5 }, () => lighthouse.next()));
  together.find(isBad)?.release();
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

  const second = await stage.worker(handlers, { name: 'second' });
  for (let left = 5; left > 0; left -= 1) {
    (await lighthouse.next()).release();
  }
  const failed: unknown = await culprit.result().catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 'TASK_DEAD' });
  expect(String(failed)).toMatch(/the process that ran the task ended: signal SIGKILL/);
  const pids = await Promise.all(tasks.map((task) => task.result()));
  expect(new Set([...pids, second.pid]).size).toBe(5);
  expect(second.isRunning).toBe(true);

  // A task under which no worker was lost runs where its handler asks for.
  const next = await client.enqueue(inline, at);
  (await lighthouse.next()).release();
  expect(await next.result()).toBe(second.pid);
  await lighthouse.close();
});
