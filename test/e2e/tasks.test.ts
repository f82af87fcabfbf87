import type { Client } from '@millrace/client';
import { MillraceError } from '@millrace/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { isAlive } from '../support/fixtures/kernel.ts';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { momentUs } from '../support/moment.ts';
import { Stage } from '../support/stage.ts';
import * as tasks from './tasks.ts';

/** Short, so that what ignores its signal is soon killed. */
const KILL_GRACE_MS = 500;

let stage: Stage;
let client: Client;
let lighthouse: Lighthouse;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.manager();
  const handlers = new URL('all-handlers.ts', import.meta.url).href;
  const script = new URL('../support/worker.ts', import.meta.url);
  const worker = stage.script('worker', script, [handlers, String(KILL_GRACE_MS)]);
  await worker.line(/worker connected/);
  client = await stage.connect();
});

afterAll(() => stage.close());

beforeEach(async () => {
  lighthouse = await Lighthouse.open();
});

afterEach(() => lighthouse.close());

const enqueuedInAll = async (): Promise<number | undefined> => {
  const status = z.object({
    queues: z.array(z.object({ name: z.string(), enqueued: z.number() })),
  });
  const { queues } = status.parse(await client.status());
  return queues.find(({ name }) => name === 'default')?.enqueued;
};

test('a task runs inline, in a thread or in a process, and any client reads its result', async () => {
  const handles = [
    await client.enqueue(tasks.inlinePlace, null),
    await client.enqueue(tasks.threadPlace, null),
    await client.enqueue(tasks.processPlace, null),
  ] as const;
  const [inline, thread, own] = await Promise.all(handles.map((task) => task.result()));
  expect(inline?.threadId).toBe(0);
  expect(thread?.pid).toBe(inline?.pid);
  expect(thread?.threadId).toBeGreaterThan(0);
  expect(own?.threadId).toBe(0);
  expect(own?.pid).not.toBe(inline?.pid);
  const other = await stage.connect();
  const read = await Promise.all(handles.map(({ id }) => other.task(id).result()));
  expect(read).toEqual([inline, thread, own]);
});

test('run answers with the result of its task, its error or a timeout', async () => {
  expect((await client.run(tasks.inlinePlace, null)).threadId).toBe(0);
  await expect(client.run(tasks.flaky, { failures: 9 }, { attempts: 1 })).rejects.toMatchObject({
    code: 'TASK_DEAD',
    remote: { name: 'TypeError' },
  });
  const late = client.run(tasks.flaky, { failures: 0 }, { delayMs: 60_000, timeoutMs: 10 });
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('a task that fails runs again after a growing wait', async () => {
  const startedAtMs = performance.now();
  const task = await client.enqueue(tasks.flaky, { failures: 2 }, { attempts: 3 });
  expect(await task.result()).toEqual({ attempt: 3 });
  // Half of one second at least, then half of two.
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1_500);
  expect(await task.inspect()).toMatchObject({ state: 'succeeded', failures: 2, grant: 3 });
});

test('a task whose attempts are used up is dead, and says with what error', async () => {
  const task = await client.enqueue(tasks.flaky, { failures: 9 }, { attempts: 2 });
  const failed = task.result();
  await expect(failed).rejects.toMatchObject({
    code: 'TASK_DEAD',
    taskId: task.id,
    remote: { name: 'TypeError', message: 'attempt 2 is not the last', retry: true },
  });
  await expect(failed).rejects.toThrow('TypeError: attempt 2 is not the last');
  expect(await task.inspect()).toMatchObject({ state: 'dead', failures: 2 });
});

test('an unrecoverable error ends a task at its first attempt', async () => {
  const task = await client.enqueue(tasks.hopeless, null);
  await expect(task.result()).rejects.toMatchObject({
    code: 'TASK_DEAD',
    remote: { name: 'Unrecoverable', message: 'gone for good', retry: false },
  });
  expect(await task.inspect()).toMatchObject({ state: 'dead', failures: 1 });
});

test('a payload that does not match the schema of its task is not sent', async () => {
  const before = await enqueuedInAll();
  const wrong = JSON.parse('{"n":"seven"}') as { n: number };
  const refusal = await refusalOf(client.enqueue(tasks.double, wrong));
  expect(refusal.code).toBe('SCHEMA_MISMATCH');
  expect(refusal.message).toContain("at 'n'");
  expect(await enqueuedInAll()).toBe(before);
  expect(await (await client.enqueue(tasks.double, { n: 7 })).result()).toBe(14);
});

test('a waiting task is cancelled at once', async () => {
  const task = await client.enqueue(tasks.unhandled, 1);
  const waiting = task.result();
  expect(await task.cancel('not needed')).toBe('cancelled');
  await expect(waiting).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  expect(await task.cancel()).toBe('finished');
});

test('a running inline task is cancelled through its signal', async () => {
  const task = await client.enqueue(tasks.patient, { path: lighthouse.path });
  const beacon = await lighthouse.next();
  expect(await task.cancel()).toBe('requested');
  await expect(task.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  await beacon.gone;
});

test('a running process task that ignores its signal is killed when it is cancelled', async () => {
  const task = await client.enqueue(tasks.stubborn, { path: lighthouse.path, blocks: 9 });
  const beacon = await lighthouse.next();
  expect(await task.cancel()).toBe('requested');
  await expect(task.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  await beacon.gone;
  expect(isAlive(Number(beacon.text))).toBe(false);
});

test('an attempt that outlives its deadline is killed, and the task runs again', async () => {
  // A process that replaces a killed one is there when it has run something.
  const warm = await client.enqueue(tasks.stubborn, { path: lighthouse.path, blocks: 0 });
  await lighthouse.next();
  await warm.result();
  const task = await client.enqueue(
    tasks.stubborn,
    { path: lighthouse.path, blocks: 1 },
    { deadlineMs: 500, attempts: 2 },
  );
  const first = await lighthouse.next();
  const second = await lighthouse.next();
  // The first attempt was dead before the second began.
  expect(isAlive(Number(first.text))).toBe(false);
  expect(second.text).not.toBe(first.text);
  expect(await task.result()).toEqual({ attempt: 2 });
  expect(await task.inspect()).toMatchObject({ failures: 1, losses: 0, grant: 2 });
});

test('a task whose deadline passes while its process is being replaced loses no attempt', async () => {
  const attempt = async (): Promise<unknown> => {
    const own = await Lighthouse.open();
    const killed = await client.enqueue(tasks.stubborn, { path: own.path, blocks: 9 });
    await own.next();
    await killed.cancel();
    await expect(killed.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
    // Less than a process takes to start, and far more than this handler needs.
    const bounds = { deadlineMs: 250, attempts: 1 };
    const task = await client.enqueue(tasks.stubborn, { path: own.path, blocks: 0 }, bounds);
    const result = await task.result().catch((error: unknown) => error);
    await own.close();
    const { failures, losses } = await task.inspect();
    return { result, failures, losses };
  };
  // A busy machine may hold up the handler; a deadline that began too early would always pass.
  await expect.poll(attempt).toEqual({ result: { attempt: 1 }, failures: 0, losses: 0 });
});

test('a task whose only attempt outlives its deadline is dead of that', async () => {
  const task = await client.enqueue(
    tasks.patient,
    { path: lighthouse.path },
    { deadlineMs: 200, attempts: 1 },
  );
  await expect(task.result()).rejects.toMatchObject({
    code: 'TASK_DEAD',
    remote: { name: 'DEADLINE_EXCEEDED' },
  });
});

test('a task that is not started in its time expires', async () => {
  const task = await client.enqueue(tasks.unhandled, 1, { expiresInMs: 300 });
  await expect(task.result()).rejects.toMatchObject({ code: 'TASK_EXPIRED' });
});

test('a delayed task starts no earlier than its delay', async () => {
  const sentAtUs = momentUs();
  const task = await client.enqueue(tasks.moment, null, { delayMs: 700 });
  expect(await task.inspect()).toMatchObject({ state: 'scheduled' });
  const startedAtUs = await task.result();
  expect(startedAtUs - sentAtUs).toBeGreaterThanOrEqual(700_000);
});

test('waiting for a result ends with its timeout while the task goes on', async () => {
  const task = await client.enqueue(tasks.waiting, { path: lighthouse.path });
  const beacon = await lighthouse.next();
  await expect(task.result({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  beacon.release();
  expect(await task.result()).toBe('released');
});

test('one megabyte goes in and comes out, several at once, beside the heartbeats of the worker', async () => {
  const bytes = new Uint8Array(1024 * 1024 - 16).map((_, index) => index % 251);
  const handles = await Promise.all(
    Array.from({ length: 12 }, () => client.enqueue(tasks.echo, bytes)),
  );
  for (const task of handles) {
    expect(Buffer.compare(await task.result(), bytes)).toBe(0);
    // Nobody was taken for dead meanwhile.
    expect(await task.inspect()).toMatchObject({ grant: 1, losses: 0, returns: 0 });
  }
});

test('a payload beyond the limit is refused before it is sent', async () => {
  const before = await enqueuedInAll();
  const refusal = await refusalOf(client.enqueue(tasks.echo, new Uint8Array(1024 * 1024 + 1)));
  expect(refusal.code).toBe('PAYLOAD_TOO_LARGE');
  expect(refusal).toBeInstanceOf(MillraceError);
  expect(await enqueuedInAll()).toBe(before);
});

test('a task that nobody made is unknown', async () => {
  const refusal = await refusalOf(client.task('nobody-made-this').result());
  expect(refusal.code).toBe('UNKNOWN_TASK');
});

test('tasks run in the order of their priority, then of their arrival', async () => {
  const own = await Stage.open();
  try {
    await own.manager();
    const producer = await own.connect();
    const handles = [];
    for (const priority of [0, -5, 127, 0, -128, 5]) {
      handles.push(await producer.enqueue(tasks.counted, String(priority), { priority }));
    }
    await own.worker(new URL('handlers.ts', import.meta.url));
    const order = await Promise.all(handles.map((task) => task.result()));
    expect(order).toEqual([3, 5, 1, 4, 6, 2]);
  } finally {
    await own.close();
  }
});
