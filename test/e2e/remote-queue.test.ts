import { expect, test } from 'vitest';
import { stages } from '../support/stage.ts';

const openStage = stages();
const example = (name: string): URL =>
  new URL(`../../examples/remote-queue/dist/${name}`, import.meta.url);

test('the remote queue of the examples squares ten numbers in another process', async () => {
  const stage = await openStage();
  const manager = stage.script('task-manager', example('task-manager.js'), ['0']);
  const [, url = ''] = await manager.line(/listening on (ws:\/\/\S+)/);
  const worker = stage.script('task-worker', example('task-worker.js'), [url]);

  expect(await manager.closed).toEqual({ code: 0, signal: null });
  const put = manager.stdout
    .flatMap((line) => /^put task (\d+)$/.exec(line)?.[1] ?? [])
    .map(Number);
  const results = manager.stdout.flatMap((line) => {
    const match = /^result (\d+) \* (\d+) = (\d+)$/.exec(line);
    return match === null ? [] : [match.slice(1).map(Number)];
  });
  expect(put).toHaveLength(10);
  expect(results).toEqual(put.map((n) => [n, n, n * n]));
  expect(manager.stdout.at(-1)).toBe('manager stopped');
  expect(manager.stderr).toEqual([]);

  // The manager is gone; the worker finds nothing more either way, and leaves.
  expect(await worker.closed).toEqual({ code: 0, signal: null });
  const ran = worker.stdout.flatMap((line) => /^run task (\d+) \* \1$/.exec(line)?.[1] ?? []);
  expect(ran.map(Number)).toEqual(put);
  expect(worker.stdout.at(-1)).toBe('no more tasks');
  expect(worker.stderr).toEqual([]);
});

test('the worker of the remote queue says when there is nothing left, and ends', async () => {
  const stage = await openStage();
  const manager = await stage.manager({ args: ['--queue', 'task', '--queue', 'result'] });
  const client = await stage.connect();
  const numbers = [0, 1, 7, 9_999];
  for (const n of numbers) {
    await client.queue('task').put(n);
  }
  const worker = stage.script('task-worker', example('task-worker.js'), [manager.url]);
  expect(await worker.closed).toEqual({ code: 0, signal: null });
  expect(worker.stdout.at(-1)).toBe('no more tasks');
  expect(worker.stderr).toEqual([]);
  const results = client.queue<{ n: number; square: number }>('result');
  for (const n of numbers) {
    expect(await results.get({ timeoutMs: 10_000 })).toEqual({ n, square: n * n });
  }
});
