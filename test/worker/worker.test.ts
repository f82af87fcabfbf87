import { setImmediate as turn } from 'node:timers/promises';
import { defineTask } from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { expect, test, vi } from 'vitest';
import { childPids } from '../support/fixtures/kernel.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { stages } from '../support/stage.ts';

const openStage = stages();

const handlers = new URL('../support/fixtures/modules/spinning.ts', import.meta.url);

test.each([
  ['name', { name: '' }],
  ['URL', { url: 'nowhere' }],
  ['URL', { url: 'http://127.0.0.1:1' }],
  ['drainMs', { drainMs: Number.NaN }],
  ['drainMs', { drainMs: -1 }],
  ['killGraceMs', { killGraceMs: Number.NaN }],
  ['killGraceMs', { killGraceMs: -1 }],
  ['killGraceMs', { killGraceMs: 10_001 }],
])('a worker with a wrong %s is refused before a process is started: %o', async (what, wrong) => {
  const before = childPids();
  const options = { url: 'ws://127.0.0.1:1', authkey: 'a key', handlers };
  await expect(Worker.start({ ...options, ...wrong })).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringContaining(what),
  });
  expect(childPids()).toEqual(before);
});

test('a drain ends in its time although the manager does not answer its goodbye', async () => {
  const stage = await openStage();
  const manager = await stage.manager();
  const clock = new ManualClock();
  const worker = await Worker.start({
    url: stage.url,
    authkey: stage.authkey,
    handlers: [handler(defineTask('task'), () => 1)],
    drainMs: 1_000,
    clock,
  });
  manager.signal('SIGSTOP');
  const stopped = vi.fn<() => void>();
  void worker.stop().then(stopped);
  while (stopped.mock.calls.length === 0) {
    clock.runNext(60_000);
    await turn();
  }
  expect(clock.monotonicMs()).toBeLessThanOrEqual(1_000);
});
