import type { Client } from '@millrace/client';
import { beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { type Stage, stages } from '../support/stage.ts';
import { double, echo, judged, unhandled } from './tasks.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);

let stage: Stage;
let client: Client;

beforeEach(async () => {
  stage = await openStage();
  await stage.manager();
  client = await stage.connect();
});

test('ten producers with the same key at the same moment make one task', async () => {
  const clients = await Promise.all(Array.from({ length: 10 }, () => stage.connect()));
  const options = { idempotencyKey: 'one' };
  const tasks = await Promise.all(clients.map((each) => each.enqueue(double, { n: 4 }, options)));
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
  expect(tasks.filter(({ isNew }) => isNew)).toHaveLength(1);
  await stage.worker(handlers);
  expect(await Promise.all(tasks.map((task) => task.result()))).toEqual(Array(10).fill(8));
  expect((await client.enqueue(double, { n: 5 }, options)).isNew).toBe(true);
  expect(client.task(tasks[0]?.id ?? '').isNew).toBeUndefined();
});

test('run awaits the task that does the work', async () => {
  const options = { throttle: { key: 'one', ms: 60_000 } };
  const runs = [1, 2].map((n) => client.run(double, { n }, options));
  await stage.worker(handlers);
  expect(await Promise.all(runs)).toEqual([2, 2]);
  expect(await client.run(double, { n: 3 }, options)).toBe(2);
});

test('the failure of a run names the task that did the work', async () => {
  const options = { idempotencyKey: 'one' };
  const first = await client.enqueue(judged, { message: 'no' }, options);
  const run = refusalOf(client.run(judged, { message: 'no' }, options));
  await stage.worker(handlers);
  expect(await run).toMatchObject({ code: 'TASK_DEAD', taskId: first.id });
});

test('a list is added as far as it is new, in its order', async () => {
  const first = await client.enqueue(unhandled, 0, { idempotencyKey: 'one' });
  const many = await client.enqueueMany(unhandled, [1, 2], { idempotencyKey: 'one' });
  expect(many.map(({ id, isNew }) => [id, isNew])).toEqual([
    [first.id, false],
    [first.id, false],
  ]);
});

test('a debounced task runs once, with the last input', async () => {
  await stage.worker(handlers);
  const options = { debounce: { key: 'draft', ms: 300, maxWaitMs: 60_000 } };
  const tasks = [];
  for (const text of ['H', 'He', 'Hel', 'Hell', 'Hello']) {
    tasks.push(await client.enqueue(judged, { message: `fine ${text}` }, options));
  }
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
  expect(await tasks[0]?.result()).toBe('fine Hello');
});

test('an input is replaced while its task waits, and its bytes are counted', async () => {
  const options = { replace: { key: 'r' }, delayMs: 500 };
  const task = await client.enqueue(echo, Buffer.from('small'), options);
  const large = Buffer.alloc(300_000, 7);
  const again = await client.enqueue(echo, large, options);
  expect(again).toMatchObject({ id: task.id, isNew: false });
  expect((await task.inspect()).payloadBytes).toBeGreaterThan(300_000);
  await stage.worker(handlers);
  const result = await task.result();
  expect(Buffer.compare(Buffer.from(result), large)).toBe(0);
});

test('the command line takes a key, and says when the task was there', async () => {
  const enqueue = async (...args: readonly string[]) => {
    const { code, stderr, stdout } = await stage.cli(['enqueue', 'unhandled', '1', ...args]);
    return { code, id: stdout, stderr };
  };
  const first = await enqueue('--key', 'k', '--for', '1h');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const second = await enqueue('--key', 'k');
  expect(second).toEqual({
    code: 0,
    id: first.id,
    stderr: `millrace: task ${first.id} holds the key, so no task was added`,
  });
  const debounced = await enqueue('--key', 'd', '--debounce', '1h');
  expect(await enqueue('--key', 'd', '--debounce', '1h')).toMatchObject({ id: debounced.id });
  expect(await enqueue('--for', '1h')).toMatchObject({ code: 2 });
  expect(await enqueue('--key', 'x', '--for', '1h', '--debounce', '1h')).toMatchObject({ code: 2 });
  expect((await enqueue('--key', 'x'.repeat(201))).stderr).toMatch(
    /key is a text of 1 to 200 bytes/,
  );
});

test('a dead task whose key another has is retried only without the key', async () => {
  await stage.worker(handlers);
  const options = { idempotencyKey: 'k' };
  const dead = await client.enqueue(judged, { message: 'no' }, options);
  expect(await refusalOf(dead.result())).toMatchObject({ code: 'TASK_DEAD' });
  const other = await client.enqueue(judged, { message: 'fine' }, { ...options, delayMs: 600_000 });
  expect(await refusalOf(dead.retry())).toMatchObject({
    code: 'KEY_IN_USE',
    message: expect.stringContaining(other.id),
  });
  const retried = await stage.cli(['dead', 'retry', dead.id, '--without-key']);
  expect(retried).toMatchObject({ code: 0, stdout: '1' });
});

test('a bad key is refused before anything is sent', async () => {
  expect(await refusalOf(client.enqueue(unhandled, 1, { idempotencyKey: '' }))).toMatchObject({
    code: 'BAD_OPTION',
  });
  expect((await client.listTasks()).tasks).toEqual([]);
});
