import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '@millrace/protocol';
import {
  type Client,
  connect,
  defineTask,
  handler,
  Manager,
  type QueueHandle,
  Worker,
} from 'millrace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';

const authkey = 'as queue.Queue does it';

const toStop: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).toReversed()) {
    await stop();
  }
});

const startManager = async (options: { port?: number; dataDir?: string } = {}) => {
  const manager = new Manager({ port: 0, authkey, ...options });
  manager.register('items', { maxItems: 5 });
  manager.register('many', { maxItems: 100_000 });
  const { url } = await manager.start();
  toStop.push(() => manager.stop());
  return { manager, url };
};

const connected = async (url: string): Promise<Client> => {
  const client = await connect({ url, authkey });
  toStop.push(() => client.close());
  return client;
};

/** Whether a promise is settled after all that was asked before has been answered. */
const isDone = async (promise: Promise<unknown>, client: Client): Promise<boolean> => {
  let done = false;
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await client.status();
  return done;
};

let manager: Manager;
let client: Client;
let other: Client;
beforeEach(async () => {
  const started = await startManager();
  ({ manager } = started);
  client = await connected(started.url);
  other = await connected(started.url);
});

const handles: Record<string, () => QueueHandle<number>> = {
  'of a client': () => client.queue<number>('items'),
  'of the process of the manager': () => manager.queue<number>('items'),
};

describe.each(Object.entries(handles))('a queue %s', (_of, open) => {
  test('puts and gets without a wait', async () => {
    const queue = open();
    expect(await queue.getNowait().catch(codeOf)).toBe('QUEUE_EMPTY');
    for (let value = 0; value < 5; value++) {
      await queue.putNowait(value, { priority: value });
    }
    expect(await queue.putNowait(5).catch(codeOf)).toBe('QUEUE_FULL');
    expect(await queue.getNowait()).toBe(4);
  });

  test('says whether it is empty and whether it is full', async () => {
    const queue = open();
    expect([await queue.empty(), await queue.full()]).toEqual([true, false]);
    await queue.putMany([1, 2, 3, 4]);
    expect([await queue.empty(), await queue.full()]).toEqual([false, false]);
    await queue.put(5);
    expect(await queue.full()).toBe(true);
    const item = await queue.lease();
    expect(await queue.full()).toBe(true);
    await item.ack();
    expect(await queue.full()).toBe(false);
  });

  test('puts many in their order, all or none', async () => {
    const queue = open();
    await queue.putMany([]);
    await queue.putMany([1, 2, 3]);
    expect(await queue.putMany([4, 5, 6], { timeoutMs: 0 }).catch(codeOf)).toBe('QUEUE_FULL');
    expect(await queue.getMany(10)).toEqual([1, 2, 3]);
    expect(await queue.putMany([1, 2, 3, 4, 5, 6]).catch(codeOf)).toBe('PAYLOAD_TOO_LARGE');
    expect(await queue.getMany(2, { timeoutMs: 0 }).catch(codeOf)).toBe('QUEUE_EMPTY');
  });

  test('gets as many as there are, and waits for the first', async () => {
    const queue = open();
    const taken = queue.getMany(3);
    await queue.putMany([1, 2]);
    expect(await taken).toEqual([1, 2]);
    await queue.putMany([3, 4, 5, 6]);
    expect(await queue.getMany(3)).toEqual([3, 4, 5]);
    expect(await queue.getMany(1)).toEqual([6]);
    await queue.join();
    expect(await queue.size()).toMatchObject({ ready: 0, leased: 0 });
    for (const max of [0, -1, 1.5, 1_001, Number.NaN]) {
      expect(await queue.getMany(max).catch(codeOf)).toBe('BAD_OPTION');
    }
  });

  test('is joined when everything that was put is taken and done', async () => {
    const queue = open();
    await queue.join({ timeoutMs: 0 });
    await queue.putMany([1, 2]);
    await queue.put(3, { delayMs: 1 });
    const joined = queue.join();
    expect(await queue.join({ timeoutMs: 0 }).catch(String)).toContain(
      "queue 'items' still had 3 unfinished after 0 ms",
    );
    await queue.get();
    const second = await queue.lease();
    const third = await queue.lease();
    expect(await isDone(joined, client)).toBe(false);
    await queue.taskDone(second);
    expect(await isDone(joined, client)).toBe(false);
    await third.release();
    expect(await isDone(joined, client)).toBe(false);
    await queue.lease();
    await queue.taskDone();
    await joined;
  });

  test('refuses taskDone without an item that it can mean', async () => {
    const queue = open();
    await queue.putMany([1, 2, 3]);
    await queue.get();
    await expect(queue.taskDone()).rejects.toThrow('called too many times');
    const [one, two] = [await queue.lease(), await queue.lease()];
    await expect(queue.taskDone()).rejects.toThrow('2 items of queue');
    expect(await queue.taskDone().catch(codeOf)).toBe('NOT_LEASED');
    await queue.taskDone(two);
    await expect(queue.taskDone(two)).rejects.toThrow('called too many times');
    await queue.taskDone();
    await expect(queue.taskDone(one)).rejects.toThrow('called too many times');
    await queue.join();
  });
});

test('a queue is joined over all clients, and not by the loss of one', async () => {
  await client.queue('items').put(1);
  const consumer = await connected(manager.status().url);
  await consumer.queue('items').lease();
  const joined = other.queue('items').join();
  await consumer.close();
  expect(await isDone(joined, other)).toBe(false);
  const item = await client.queue('items').lease();
  expect(await isDone(joined, other)).toBe(false);
  await item.ack();
  await joined;
});

test('a queue is joined by its purge, and when its tasks have ended', async () => {
  const task = defineTask<number>('job', { queue: 'many' });
  const queue = client.queue('many');
  await queue.putMany(Array.from({ length: 3_000 }, (_, n) => n));
  const joined = queue.join();
  await other.queue('many').purge();
  await joined;
  await client.enqueueMany(task, [1, 2, 3]);
  const ended = queue.join();
  expect(await isDone(ended, client)).toBe(false);
  const handlers = [handler(task, () => undefined)];
  const worker = await Worker.start({ url: manager.status().url, authkey, handlers });
  toStop.push(() => worker.stop());
  await ended;
});

test('a join that is aborted waits no longer', async () => {
  await client.queue('items').put(1);
  const abort = new AbortController();
  const joined = client.queue('items').join({ signal: abort.signal });
  await client.status();
  abort.abort();
  expect(await joined.catch(codeOf)).toBe('ABORTED');
  expect(await client.queue('ghost').join().catch(codeOf)).toBe('UNKNOWN_QUEUE');
});

test('a join outlives the manager, and counts what its store has', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-join-'));
  toStop.push(() => rm(dataDir, { recursive: true }));
  const port = await freePort();
  const first = await startManager({ port, dataDir });
  const producer = await connected(first.url);
  await producer.queue('items').putMany([1, 2]);
  const joined = producer.queue('items').join();
  expect(await isDone(joined, producer)).toBe(false);
  await first.manager.stop();
  await startManager({ port, dataDir });
  const consumer = await connected(first.url);
  const queue = consumer.queue('items');
  await queue.get();
  await queue.lease();
  expect(await isDone(joined, producer)).toBe(false);
  await queue.taskDone();
  await joined;
});

test('a get that was aborted gives back all items that come for it', async () => {
  const abort = new AbortController();
  const queue = client.queue<number>('items');
  const taken = queue.getMany(3, { signal: abort.signal });
  const put = other.queue<number>('items').putMany([1, 2, 3]);
  abort.abort();
  const [end] = await Promise.all([taken.catch(codeOf), put]);
  const rest: number[] = Array.isArray(end) ? [...end] : [];
  while (rest.length < 3) {
    rest.push(...(await other.queue<number>('items').getMany(3)));
  }
  expect(rest.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
});
