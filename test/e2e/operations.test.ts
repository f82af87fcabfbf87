import { writeFileSync } from 'node:fs';
import type { Client } from '@millrace/client';
import { beforeEach, expect, test } from 'vitest';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { type Stage, stages } from '../support/stage.ts';
import { double, flaky, hopeless, unhandled, waiting } from './tasks.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);

let stage: Stage;
let client: Client;

beforeEach(async () => {
  stage = await openStage();
  writeFileSync(stage.path('millrace.toml'), '[queues.default]\n[queues.items]\n');
  await stage.manager();
  client = await stage.connect();
});

const idsOf = (tasks: readonly { readonly id: string }[]): string[] => tasks.map(({ id }) => id);

/** Enqueues tasks that die at once, and waits until they have. */
const die = async (count = 1): Promise<string[]> => {
  const dying = await client.enqueueMany(
    hopeless,
    Array.from({ length: count }, () => null),
  );
  for (const handle of dying) {
    expect(await refusalOf(handle.result())).toMatchObject({ code: 'TASK_DEAD' });
  }
  return idsOf(dying);
};

test('tasks are listed page by page, by their state', async () => {
  const enqueued = idsOf(await client.enqueueMany(unhandled, [1, 2, 3, 4, 5]));
  const first = await client.listTasks({ state: 'ready', limit: 3 });
  expect(idsOf(first.tasks)).toEqual(enqueued.slice(0, 3));
  expect(first.tasks[0]).toMatchObject({ queue: 'default', name: 'unhandled', state: 'ready' });
  const { next: after = '' } = first;
  const second = await client.listTasks({ state: 'ready', limit: 3, after });
  expect(idsOf(second.tasks)).toEqual(enqueued.slice(3));
  expect(second.next).toBeUndefined();
  const all = [];
  for await (const { id } of client.tasks({ name: 'unhandled', limit: 2 })) {
    all.push(id);
  }
  expect(all).toEqual(enqueued.toSorted());
});

test('a listing that cannot be is refused before it is sent', async () => {
  for (const options of [{ limit: 0 }, { limit: 501 }, { queue: '' }, { after: 'x'.repeat(300) }]) {
    expect(await refusalOf(client.listTasks(options))).toMatchObject({ code: 'BAD_OPTION' });
  }
});

test('a dead task is found with its error, and retried as a new one', async () => {
  await stage.worker(handlers);
  const handle = await client.enqueue(flaky, { failures: 1 }, { attempts: 1 });
  await refusalOf(handle.result());
  const { tasks } = await client.listTasks({ state: 'dead' });
  expect(tasks).toMatchObject([
    { id: handle.id, failures: 1, error: 'TypeError: attempt 1 is not the last' },
  ]);
  const again = await client.task(flaky, handle.id).retry();
  expect(again.id).not.toBe(handle.id);
  expect(await refusalOf(again.result())).toMatchObject({ code: 'TASK_DEAD' });
  expect(await refusalOf(handle.result())).toMatchObject({ code: 'RESULT_REMOVED' });
  expect(await refusalOf(handle.retry())).toMatchObject({ code: 'RESULT_REMOVED' });
  await again.drop();
  expect((await client.listTasks({ state: 'dead' })).tasks).toEqual([]);
});

test('only a dead task is retried or dropped', async () => {
  const handle = await client.enqueue(unhandled, 1);
  expect(await refusalOf(handle.retry())).toMatchObject({ code: 'TASK_NOT_DEAD' });
  expect(await refusalOf(handle.drop())).toMatchObject({ code: 'TASK_NOT_DEAD' });
  const nobody = client.task('nobody');
  expect(await refusalOf(nobody.retry())).toMatchObject({ code: 'UNKNOWN_TASK' });
});

test('all dead tasks are retried once, although they die again at once, and then dropped', async () => {
  await stage.worker(handlers);
  const count = 250;
  await die(count);
  expect(await client.retryAll({ queue: 'items' })).toBe(0);
  expect(await client.retryAll({ name: 'hopeless' })).toBe(count);
  await expect.poll(async () => (await client.status()).queues[0]?.dead).toBe(2 * count);
  expect(await client.dropAll()).toBe(count);
  expect((await client.listTasks({ state: 'dead' })).tasks).toEqual([]);
});

test('a paused queue keeps what comes, whoever waits for it, and deals when it is resumed', async () => {
  await stage.worker(handlers);
  const queue = client.queue('default');
  await queue.pause();
  const task = await client.enqueue(double, { n: 21 });
  const items = client.queue<string>('items');
  await items.pause();
  await items.put('an item');
  expect(await refusalOf(items.get({ timeoutMs: 50 }))).toMatchObject({ code: 'QUEUE_EMPTY' });
  const got = items.get();
  expect(await refusalOf(task.result({ timeoutMs: 50 }))).toMatchObject({ code: 'TIMEOUT' });
  await items.resume();
  await queue.resume();
  expect(await got).toBe('an item');
  expect(await task.result()).toBe(42);
});

test('a purged queue cancels its tasks, and forgets its items', async () => {
  const tasks = await client.enqueueMany(unhandled, [1, 2, 3]);
  const late = await client.enqueue(unhandled, 4, { delayMs: 60_000 });
  const items = client.queue<string>('items');
  await items.put('an item');
  expect(await client.queue('default').purge()).toBe(4);
  for (const handle of [...tasks, late]) {
    expect(await refusalOf(handle.result())).toMatchObject({ code: 'TASK_CANCELLED' });
  }
  expect(await items.size()).toMatchObject({ ready: 1 });
  expect(await items.purge()).toBe(1);
  expect(await refusalOf(items.get({ timeoutMs: 0 }))).toMatchObject({ code: 'QUEUE_EMPTY' });
});

test('a request that names an unknown queue is refused', async () => {
  const nowhere = client.queue('nowhere');
  for (const refused of [nowhere.pause(), nowhere.resume(), nowhere.purge()]) {
    expect(await refusalOf(refused)).toMatchObject({ code: 'UNKNOWN_QUEUE' });
  }
});

test('the status says what waits, runs, retries and is dead, and what needs attention', async () => {
  await stage.worker(handlers, { name: 'w' });
  await die();
  await client.enqueue(unhandled, 1);
  const handle = await client.enqueue(flaky, { failures: 9 });
  await expect.poll(async () => (await handle.inspect()).state).toBe('scheduled');
  await client.queue('items').put('an item');
  await client.queue('items').pause();
  const { attention, queues, store } = await client.status();
  expect(queues.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
    { name: 'default', workers: 1, ready: 1, scheduled: 1, retrying: 1, deadKept: 1, dead: 1 },
    { name: 'items', workers: 0, ready: 1, isPaused: true },
  ]);
  expect(queues.find(({ name }) => name === 'default')?.runP95Ms).toBeGreaterThan(0);
  expect(queues.every(({ oldestWaitingMs }) => (oldestWaitingMs ?? -1) >= 0)).toBe(true);
  expect(store.reserveBytes).toBeGreaterThan(0);
  expect(attention).toMatchObject([
    { severity: 'warning', kind: 'tasks-dying', subject: 'default' },
    { severity: 'warning', kind: 'queue-paused', subject: 'items' },
  ]);
  await expect
    .poll(async () => (await client.status()).attention)
    .toContainEqual(
      expect.objectContaining({ kind: 'queue-unhandled', command: 'millrace queue show default' }),
    );
});

test('status names a worker that was killed', async () => {
  const worker = await stage.worker(handlers, { name: 'w' });
  await worker.end('SIGKILL');
  await expect
    .poll(async () => (await client.status()).attention)
    .toMatchObject([{ kind: 'worker-lost', subject: 'w', command: 'millrace worker ls' }]);
  await stage.worker(handlers, { name: 'w' });
  expect((await client.status()).attention).toEqual([]);
});

test('a worker that is drained finishes what it runs, takes nothing new, and ends well', async () => {
  const lighthouse = await Lighthouse.open();
  const worker = await stage.worker(handlers, { name: 'tired' });
  const running = await client.enqueue(waiting, { path: lighthouse.path });
  const ship = await lighthouse.next();
  expect(await client.drainWorker('tired')).toBe(1);
  await worker.line(/draining/);
  expect((await client.status()).workers).toMatchObject([
    { name: 'tired', isDraining: true, running: 1 },
  ]);
  const next = await client.enqueue(double, { n: 1 });
  expect(await refusalOf(next.result({ timeoutMs: 100 }))).toMatchObject({ code: 'TIMEOUT' });
  ship.release();
  expect(await running.result()).toBe('released');
  expect(await worker.closed).toMatchObject({ code: 0 });
  expect((await next.inspect()).grant).toBe(0);
  expect(await refusalOf(client.drainWorker('tired'))).toMatchObject({ code: 'UNKNOWN_WORKER' });
  await lighthouse.close();
});
