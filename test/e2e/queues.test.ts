import { writeFileSync } from 'node:fs';
import type { Client } from '@millrace/client';
import { codeOf, QueueEmpty, QueueFull } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { type Stage, stages } from '../support/stage.ts';
import { unhandled } from './tasks.ts';

const openStage = stages();

let stage: Stage;
let client: Client;
let other: Client;

const config = `
[queues.items]
[queues.small]
maxItems = 2
[queues.default]
maxItems = 3
[queues.stack]
order = "lifo"
`;

beforeEach(async () => {
  stage = await openStage();
  writeFileSync(stage.path('millrace.toml'), config);
  await stage.manager();
  client = await stage.connect();
  other = await stage.connect();
});

test('an item that one client puts is taken by another, whatever it holds', async () => {
  const value = { text: 'née', list: [1, 2.5, null, true], bytes: new Uint8Array([1, 2]) };
  await client.queue('items').put(value);
  expect(await other.queue('items').get()).toEqual({ ...value, bytes: Buffer.from([1, 2]) });
});

test('items are taken in the order of their priority, then of their arrival', async () => {
  const queue = client.queue<number>('items');
  for (const [value, priority] of [
    [1, 0],
    [2, 9],
    [3, 0],
    [4, 9],
  ] as const) {
    await queue.put(value, { priority });
  }
  const taken = [];
  for (let n = 0; n < 4; n++) {
    taken.push(await queue.get());
  }
  expect(taken).toEqual([2, 4, 1, 3]);
});

test('a last-in-first-out queue gives the newest first', async () => {
  const queue = client.queue<number>('stack');
  await queue.put(1);
  await queue.put(2);
  expect([await queue.get(), await queue.get()]).toEqual([2, 1]);
});

test('a get that finds nothing ends with QueueEmpty at its timeout', async () => {
  const startedAtMs = performance.now();
  const refusal = await refusalOf(client.queue('items').get({ timeoutMs: 300 }));
  expect(refusal).toBeInstanceOf(QueueEmpty);
  expect(refusal.code).toBe('QUEUE_EMPTY');
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(299);
  // One that does not wait still takes what is there.
  await client.queue('items').put(1);
  expect(await client.queue('items').get({ timeoutMs: 0 })).toBe(1);
});

test('a timeout that is no number is refused, and nothing is lost', async () => {
  const queue = client.queue('items');
  const timeoutMs = Number.NaN;
  await queue.put(1);
  const { id } = await client.enqueue(unhandled, 1);
  for (const refused of [
    () => queue.get({ timeoutMs }),
    () => queue.lease({ timeoutMs }),
    () => queue.put(2, { timeoutMs }),
    () => client.enqueue(unhandled, 1, { timeoutMs }),
    () => client.run(unhandled, 1, { timeoutMs }),
    () => client.task(id).result({ timeoutMs }),
  ]) {
    expect(await refusalOf(refused())).toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('timeoutMs is a number of milliseconds, not NaN'),
    });
  }
  expect(await queue.get()).toBe(1);
  expect((await queue.size()).ready).toBe(0);
});

test('a get that waits is given the next item, and a delayed item only after its delay', async () => {
  const waiting = other.queue('items').get();
  const startedAtMs = performance.now();
  await client.queue('items').put('later', { delayMs: 400 });
  expect(await client.queue('items').size()).toMatchObject({ ready: 0, scheduled: 1 });
  expect(await waiting).toBe('later');
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(399);
});

test('a put into a full queue ends with QueueFull at its timeout', async () => {
  const queue = client.queue('small');
  await queue.put(1);
  await queue.put(2);
  const refusal = await refusalOf(queue.put(3, { timeoutMs: 200 }));
  expect(refusal).toBeInstanceOf(QueueFull);
  expect(refusal.code).toBe('QUEUE_FULL');
  expect(await queue.size()).toMatchObject({ ready: 2 });
  expect(await refusalOf(queue.put(3, { timeoutMs: 0 }))).toBeInstanceOf(QueueFull);
});

test('puts that wait for room go on as it appears, first come first served', async () => {
  const queue = client.queue<number>('small');
  await queue.put(1);
  await queue.put(2);
  const done: number[] = [];
  const waiting: Promise<unknown>[] = [];
  // From two clients in turn; each is known to wait before the next begins.
  for (const [index, who] of [client, other, client, other].entries()) {
    const value = index + 3;
    waiting.push(
      who
        .queue<number>('small')
        .put(value)
        .then(() => done.push(value)),
    );
    await who.queue('small').size();
  }
  expect(done).toEqual([]);
  const taken = [];
  for (const put of waiting) {
    taken.push(await other.queue('small').get());
    await put;
  }
  expect(done).toEqual([3, 4, 5, 6]);
  taken.push(await queue.get(), await queue.get());
  expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await queue.size()).toEqual({ ready: 0, scheduled: 0, leased: 0, bytes: 0 });
});

test('a put that gives up waiting leaves its place to the next', async () => {
  const queue = client.queue<number>('small');
  await queue.put(1);
  await queue.put(2);
  const impatient = refusalOf(queue.put(3, { timeoutMs: 200 }));
  await queue.size();
  const patient = other.queue<number>('small').put(4);
  expect((await impatient).code).toBe('QUEUE_FULL');
  expect(await queue.get()).toBe(1);
  await patient;
  expect([await queue.get(), await queue.get()]).toEqual([2, 4]);
});

test('tasks are enqueued all together or not at all', async () => {
  await client.enqueueMany(unhandled, [1, 2]);
  const refusal = await refusalOf(client.enqueueMany(unhandled, [3, 4], { timeoutMs: 0 }));
  expect(refusal).toBeInstanceOf(QueueFull);
  expect(await client.queue('default').size()).toMatchObject({ ready: 2 });
  const never = await refusalOf(client.enqueueMany(unhandled, [1, 2, 3, 4]));
  expect(never.code).toBe('PAYLOAD_TOO_LARGE');
  expect(never.message).toContain('can never fit');
  await client.enqueueMany(unhandled, [3]);
  expect(await client.queue('default').size()).toMatchObject({ ready: 3 });
});

test('a leased item goes back unless it is acknowledged', async () => {
  const queue = client.queue<string>('items');
  await queue.put('once');
  const first = await queue.lease();
  expect(first.value).toBe('once');
  expect(await queue.size()).toMatchObject({ ready: 0, leased: 1 });
  expect(await refusalOf(other.queue('items').get({ timeoutMs: 100 }))).toBeInstanceOf(QueueEmpty);
  await first.release();

  const second = await other.queue<string>('items').lease();
  expect(second.value).toBe('once');
  await second.ack();
  await second.release();
  expect(await queue.size()).toEqual({ ready: 0, scheduled: 0, leased: 0, bytes: 0 });
});

test('a leased item goes back at once when its client says goodbye', async () => {
  await client.queue('items').put('kept');
  const leaver = await stage.connect();
  await leaver.queue('items').lease();
  const waiting = other.queue('items').get();
  await leaver.close();
  expect(await waiting).toBe('kept');
});

test('an item that was granted to another client since can no longer be acknowledged', async () => {
  await client.queue('items').put('moved');
  const lost = await client.queue('items').lease();
  await lost.release();
  expect(await other.queue('items').get()).toBe('moved');
  const again = await refusalOf(
    (async () => {
      const stale = { ...lost };
      await stale.ack();
      // `ack` after `release` does nothing and says nothing.
      return refusalOf(other.queue('items').get({ timeoutMs: 0 })).then((error) => {
        throw error;
      });
    })(),
  );
  expect(again).toBeInstanceOf(QueueEmpty);
});

test('an undeclared queue is unknown to every verb', async () => {
  const queue = client.queue('nowhere');
  for (const asked of [queue.put(1), queue.get(), queue.lease(), queue.size()]) {
    const refusal = await refusalOf(asked);
    expect(refusal.code).toBe('UNKNOWN_QUEUE');
    expect(refusal.message).toContain("'nowhere'");
  }
  const enqueued = client.enqueue({ ...unhandled, queue: 'nowhere' }, 1);
  await expect(enqueued).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
});

test('with --auto-queues a queue exists as soon as it is named', async () => {
  const auto = await stage.manager({ data: 'auto', args: ['--auto-queues'] });
  const user = await stage.connect({ url: auto.url });
  await user.queue('named-just-now').put(1);
  expect(await user.queue('named-just-now').get()).toBe(1);
  expect(await user.queue('another').size()).toMatchObject({ ready: 0 });
});

test('a closed client rejects what still waits, and says so', async () => {
  const waiting = client.queue('items').get();
  const settled = waiting.then(
    () => undefined,
    (error: unknown) => codeOf(error),
  );
  await client.close();
  expect(await settled).toBe('CLIENT_CLOSED');
  await expect(client.queue('items').put(1)).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
});
