import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('../support/fixtures/modules/faulty.ts', import.meta.url);

interface At {
  readonly path: string;
}

/** Enough for a worker, and full within a second. */
const SMALL_HEAP_MIB = 96;

const wait = defineTask<At, number>('wait', { attempts: 1 });
const arm = defineTask('arm');

let stage: Stage;
let lighthouse: Lighthouse;
let at: At;

beforeEach(async () => {
  stage = await openStage();
  lighthouse = await Lighthouse.open();
  at = { path: lighthouse.path };
});

afterEach(() => lighthouse.close());

describe('an error that an inline handler lets go', () => {
  test.each([
    ['float', 'UNHANDLED_REJECTION', 'TypeError: it floats'],
    ['float-and-return', 'UNHANDLED_REJECTION', 'TypeError: it floats'],
    ['float-later', 'UNHANDLED_REJECTION', 'TypeError: it floats'],
    ['throw-in-timer', 'UNCAUGHT_EXCEPTION', 'TypeError: it falls'],
    ['throw-in-microtask', 'UNCAUGHT_EXCEPTION', 'TypeError: it falls'],
    ['throw-at-abort', 'DEADLINE_EXCEEDED', 'TypeError: it falls'],
  ])('fails its own attempt and no other: %s', async (name, code, said) => {
    await stage.manager();
    const worker = await stage.worker(handlers);
    const client = await stage.connect();
    const neighbour = await client.enqueue(wait, at);
    const beacon = await lighthouse.next();
    // Only one of them waits for its deadline; the others must not meet theirs.
    const deadlineMs = code === 'DEADLINE_EXCEEDED' ? 200 : 60_000;
    const culprit = await client.enqueue(defineTask(name, { attempts: 1, deadlineMs }), null);
    const failed: unknown = await culprit.result().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'TASK_DEAD' });
    expect(String(failed)).toContain(code);
    expect(String(failed)).toContain(said);
    beacon.release();
    expect(await neighbour.result()).toBe(1);
    expect(worker.isRunning).toBe(true);
  });

  test('is logged with its task when the attempt has ended already', async () => {
    await stage.manager();
    const worker = await stage.worker(handlers);
    const client = await stage.connect();
    const task = await client.enqueue(defineTask<At, string>('float-after-return'), at);
    expect(await task.result()).toBe('returned');
    (await lighthouse.next()).release();
    const [line] = await worker.line(/.*an attempt had ended when .*it comes late.*/);
    expect(line).toContain(task.id);
    expect(worker.isRunning).toBe(true);
  });
});

test('a handler that fills its heap ends its own thread or process, and the slot is back', async () => {
  await stage.manager();
  const env = { NODE_OPTIONS: `--max-old-space-size=${SMALL_HEAP_MIB}` };
  const worker = await stage.worker(handlers, { env });
  const client = await stage.connect();
  const neighbour = await client.enqueue(wait, at);
  const beacon = await lighthouse.next();
  const culprits = await Promise.all(
    ['thread', 'process'].map((runner) =>
      client.enqueue(
        defineTask<At>(`fill-${runner}`, { attempts: 2, retry: { backoff: [1] } }),
        at,
      ),
    ),
  );
  // Each second attempt needs the slot of the first.
  for (let attempt = 0; attempt < 2 * culprits.length; attempt++) {
    expect((await lighthouse.next()).text).toBe('filling');
  }
  for (const culprit of culprits) {
    const failed: unknown = await culprit.result().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'TASK_DEAD', remote: { name: 'RUNNER_DIED' } });
  }
  beacon.release();
  expect(await neighbour.result()).toBe(1);
  expect(worker.isRunning).toBe(true);
});

test('an error of no attempt drains the worker, and its tasks run elsewhere without a loss', async () => {
  await stage.manager();
  const env = { MILLRACE_DRAIN_MS: '2000' };
  const first = await stage.worker(handlers, { name: 'first', env });
  const client = await stage.connect();
  const neighbour = await client.enqueue(wait, at);
  await lighthouse.next();
  await client.enqueue(arm, null);
  const [line] = await first.line(/.*the error of nobody.*/);
  expect(line).toMatch(/it belongs to no attempt, so the worker drains and ends/);
  expect(line).toContain('faulty.ts');
  await stage.worker(handlers, { name: 'second' });
  (await lighthouse.next()).release();
  expect(await neighbour.result()).toBe(1);
  expect(await first.exited).toEqual({ code: 1, signal: null });
});

test('an error of no attempt leaves the manager of `dev` alive, with a new worker', async () => {
  const dev = stage.command(['dev', fileURLToPath(handlers), '--port', '0'], {
    MILLRACE_DRAIN_MS: '2000',
    MILLRACE_URL: '',
  });
  const [, url = ''] = await dev.line(/listening on (ws:\/\/\S+)/);
  await dev.line(/worker handles/);
  const client = await stage.connect({ url });
  const again = dev.nextLine(/worker handles/);
  await client.enqueue(arm, null);
  await dev.line(/the error of nobody/);
  await again;
  const task = await client.enqueue(wait, at);
  (await lighthouse.next()).release();
  expect(await task.result()).toBe(1);
  expect(dev.isRunning).toBe(true);
});
