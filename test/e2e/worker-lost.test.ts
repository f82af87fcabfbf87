import { defineTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('../support/fixtures/modules/faulty.ts', import.meta.url);

interface At {
  readonly path: string;
}

const wait = defineTask<At, number>('wait', { attempts: 1 });
const never = defineTask<At>('never', { attempts: 1, deadlineMs: 200 });

test('a worker says each deadline, and ends to be restarted once a pool has lost all its slots', async () => {
  const stage = await openStage();
  const lighthouse = await Lighthouse.open();
  const at = { path: lighthouse.path };
  await stage.manager();
  const worker = await stage.worker(handlers, { name: 'first' });
  const client = await stage.connect();
  const tasks = await client.enqueueMany(never, [at, at, at]);
  const neighbour = await client.enqueue(wait, at);
  const beacons = await Promise.all([1, 2, 3, 4].map(() => lighthouse.next()));
  await worker.line(/all 3 slots of a pool are lost to inline attempts that cannot be ended/);
  const lines = (pattern: RegExp) => worker.stderr.filter((line) => pattern.test(line)).join('\n');
  for (const { id } of tasks) {
    expect(lines(/passed its deadline of 200ms/)).toContain(id);
    expect(lines(/goes on although its time is over/)).toContain(id);
  }
  beacons.find(({ text }) => text === 'waiting')?.release();
  expect(await neighbour.result()).toBe(1);
  expect(await worker.exited).toEqual({ code: 1, signal: null });
  expect(worker.output).toContain('WORKER_STUCK');
  for (const task of tasks) {
    const failed: unknown = await task.result().catch((error: unknown) => error);
    expect(String(failed)).toMatch(/DEADLINE_EXCEEDED.*goes on although it was to be killed/);
  }
  await lighthouse.close();
});
