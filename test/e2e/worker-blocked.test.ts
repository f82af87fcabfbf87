import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { defineTask } from '@millrace/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('../support/fixtures/modules/blocking.ts', import.meta.url);

interface At {
  readonly path: string;
}

const killed = { code: null, signal: 'SIGKILL' };

let stage: Stage;
let lighthouse: Lighthouse;
let at: At;

beforeEach(async () => {
  stage = await openStage();
  lighthouse = await Lighthouse.open();
  at = { path: lighthouse.path };
  await stage.manager();
});

afterEach(() => lighthouse.close());

test.each(['spin', 'wait-on-memory'])(
  'a stop signal ends a worker within its drain time although a handler blocks it: %s',
  async (name) => {
    const worker = await stage.worker(handlers, { env: { MILLRACE_DRAIN_MS: '1500' } });
    const client = await stage.connect();
    await client.enqueue(defineTask<At>(name), at);
    await lighthouse.next();
    expect(await worker.end('SIGTERM')).toEqual(killed);
    expect(worker.output).toMatch(/the time to drain is over, and the event loop is blocked/);
  },
);

test('a second stop signal ends a blocked worker at once', async () => {
  const worker = await stage.worker(handlers);
  const client = await stage.connect();
  const task = await client.enqueue(defineTask<At>('spin'), at);
  await lighthouse.next();
  worker.signal('SIGINT');
  // The line comes later than the time in which two signals count as one.
  const [line] = await worker.line(/.*the event loop is blocked for .*/);
  expect(line).toContain(task.id);
  worker.signal('SIGINT');
  expect(await worker.exited).toEqual(killed);
  expect(worker.output).toMatch(/a second signal, SIGINT, came/);
});

test('a worker in a system call says which task it runs', async () => {
  const worker = await stage.worker(handlers);
  const client = await stage.connect();
  const fifo = stage.path('fifo');
  execFileSync('mkfifo', [fifo]);
  const task = await client.enqueue(defineTask<string>('read-a-pipe'), fifo);
  const [line] = await worker.line(/.*the event loop is blocked for .*/);
  expect(line).toContain("by a task 'read-a-pipe', in a call that does not return to JavaScript");
  expect(line).toContain(task.id);
  // The process that reads the FIFO would outlive the worker.
  await writeFile(fifo, '');
});

test('a worker that was blocked for a while keeps its leases, and says so', async () => {
  const worker = await stage.worker(handlers);
  const client = await stage.connect();
  const task = await client.enqueue(defineTask<At, string>('spin-a-while', { attempts: 1 }), at);
  expect(await task.result()).toBe('it was a while');
  const [line] = await worker.line(/.*the event loop was blocked for .*/);
  expect(line).toContain("by a task 'spin-a-while', in spinFor (/");
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
