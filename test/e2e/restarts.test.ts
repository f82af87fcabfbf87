import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { limits } from '@millrace/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { InterruptedProxy } from '../support/interrupted-proxy.ts';
import { type Stage, stages } from '../support/stage.ts';
import * as tasks from './tasks.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);
const allHandlers = new URL('all-handlers.ts', import.meta.url);

/** Silence after which a peer is taken for dead. */
const DEAD_MS = limits.heartbeatIdleMs + limits.heartbeatProbes * limits.heartbeatIntervalMs;
/** The subject of a test of a dead link, and not a time that the test waits for something else. */
const LINK_DEAD_MS = 1_000;
/** A drain that is shorter than the default, with a reserve that is long enough on a busy machine. */
const drain = { MILLRACE_DRAIN_MS: '8000' };

let stage: Stage;
let lighthouse: Lighthouse;

beforeEach(async () => {
  stage = await openStage();
  lighthouse = await Lighthouse.open();
});

afterEach(() => lighthouse.close());

const workersOf = (status: unknown) =>
  z
    .object({
      workers: z.array(
        z.object({
          name: z.string(),
          busySlots: z.number(),
          processHeardMsAgo: z.number(),
          loopHeardMsAgo: z.number().nullable(),
        }),
      ),
    })
    .parse(status).workers;

test('results, waiting tasks and items outlive a manager that is stopped or killed', async () => {
  let manager = await stage.manager();
  await stage.worker(handlers);
  const client = await stage.connect();
  const ended = await client.enqueue(tasks.double, { n: 21 });
  expect(await ended.result()).toBe(42);
  const dead = await client.enqueue(tasks.hopeless, null);
  await expect(dead.result()).rejects.toMatchObject({ code: 'TASK_DEAD' });
  const waiting = await client.enqueue(tasks.unhandled, 1, { priority: 3 });
  const delayed = await client.enqueue(tasks.moment, null, { delayMs: 3_600_000 });
  await client.queue('default').put('an item');

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await manager.end(signal);
    manager = await stage.manager({ port: manager.port });
    const other = await stage.connect();
    expect(await other.task(ended.id).result()).toBe(42);
    await expect(other.task(dead.id).result()).rejects.toMatchObject({
      code: 'TASK_DEAD',
      remote: { message: 'gone for good' },
    });
    expect(await other.task(waiting.id).inspect()).toMatchObject({ state: 'ready', priority: 3 });
    expect(await other.task(delayed.id).inspect()).toMatchObject({ state: 'scheduled' });
    expect(await other.queue('default').size()).toMatchObject({ ready: 2, scheduled: 1 });
    await other.close();
  }
  expect(await client.queue('default').get()).toBe('an item');
});

test('workers and clients go on after a manager was stopped and started again', async () => {
  const manager = await stage.manager();
  const worker = await stage.worker(handlers);
  const client = await stage.connect();
  const running = await client.enqueue(tasks.waiting, { path: lighthouse.path });
  const beacon = await lighthouse.next();
  const awaited = running.result();
  const taken = client.queue('default').get();

  expect(await manager.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await worker.line(/no connection \(\w+\); trying again/);
  const away = client.enqueue(tasks.double, { n: 4 });
  const again = worker.nextLine(/connected to ws/);
  await stage.manager({ port: manager.port });
  await again;

  // What ran before the restart still has its lease; what was asked meanwhile is answered.
  beacon.release();
  expect(await awaited).toBe('released');
  expect(await (await away).result()).toBe(8);
  expect(await running.inspect()).toMatchObject({ grant: 1, losses: 0, returns: 0 });
  await client.queue('default').put('for the get that waited through it');
  expect(await taken).toBe('for the get that waited through it');
});

test('a worker that is stopped finishes what it runs, and takes nothing new', async () => {
  await stage.manager();
  const worker = await stage.worker(handlers);
  const client = await stage.connect();
  const running = await client.enqueue(tasks.waiting, { path: lighthouse.path });
  const beacon = await lighthouse.next();
  worker.signal('SIGTERM');
  await worker.line(/SIGTERM: draining/);
  const later = await client.enqueue(tasks.double, { n: 5 });
  beacon.release();
  expect(await running.result()).toBe('released');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  expect(await later.inspect()).toMatchObject({ state: 'ready' });
  expect(await running.inspect()).toMatchObject({ grant: 1, failures: 0 });
  await stage.worker(handlers, { name: 'another' });
  expect(await later.result()).toBe(10);
});

test('a worker that is stopped gives back the tasks that do not end, within its time to drain', async () => {
  await stage.manager();
  const worker = await stage.worker(allHandlers, { env: drain });
  const client = await stage.connect();
  const deaf = await client.enqueue(tasks.waiting, { path: lighthouse.path });
  const stubborn = await client.enqueue(tasks.stubborn, { path: lighthouse.path, blocks: 1 });
  const beacons = [await lighthouse.next(), await lighthouse.next()];
  // A worker that takes longer than its time to drain ends itself by SIGKILL.
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await Promise.all(beacons.map((beacon) => beacon.gone));
  // The tasks were returned, so no failure and no loss is counted.
  for (const task of [deaf, stubborn]) {
    expect(await task.inspect()).toMatchObject({
      state: 'ready',
      failures: 0,
      losses: 0,
      returns: 1,
    });
  }
});

test('a handler that blocks its event loop longer than heartbeat death keeps its lease and its result, also on a link that is dead for a second', async () => {
  const { port } = await stage.manager();
  const link = await InterruptedProxy.open(port);
  const worker = await stage.worker(handlers, {
    name: 'blocked',
    env: { MILLRACE_URL: link.url },
  });
  const client = await stage.connect();
  const fifo = stage.path('fifo');
  execFileSync('mkfifo', [fifo]);
  const task = await client.enqueue(tasks.blocking, { path: lighthouse.path, fifo });
  await lighthouse.next();
  link.hold();
  await new Promise((resolve) => setTimeout(resolve, LINK_DEAD_MS));
  link.flow();
  const ended = task.result();
  // The loop is silent for longer than a silent peer lives; the heartbeat thread answers for the process.
  const silentMs = async (): Promise<number> => {
    const [seen] = workersOf(await client.status());
    expect(seen).toMatchObject({ name: 'blocked' });
    expect(seen?.processHeardMsAgo).toBeLessThan(DEAD_MS);
    return seen?.loopHeardMsAgo ?? Number.POSITIVE_INFINITY;
  };
  await expect.poll(silentMs).toBeGreaterThan(DEAD_MS);
  const { attention } = await client.status();
  expect(attention).toMatchObject([
    {
      kind: 'loop-blocked',
      subject: 'blocked',
      // Some ids have a character that a shell may take for its own.
      command: expect.stringMatching(`^millrace task show '?${task.id}'?$`),
    },
  ]);
  await writeFile(fifo, '');
  expect(await ended).toBe('not interrupted');
  expect(await task.inspect()).toMatchObject({ grant: 1, losses: 0, returns: 0, failures: 0 });
  // The worker goes on.
  expect(await (await client.enqueue(tasks.double, { n: 6 })).result()).toBe(12);
  expect(worker.output).not.toMatch(/lease was lost/);
  await worker.end('SIGKILL');
  link.goAway();
});
