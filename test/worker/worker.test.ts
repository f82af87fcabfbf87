import { Worker } from '@millrace/worker';
import { expect, test } from 'vitest';
import { childPids } from '../fixtures/kernel.ts';

const handlers = new URL('../fixtures/modules/spinning.ts', import.meta.url);

test.each([
  ['name', { name: '' }],
  ['URL', { url: 'nowhere' }],
  ['URL', { url: 'http://127.0.0.1:1' }],
  ['drainMs', { drainMs: Number.NaN }],
  ['drainMs', { drainMs: -1 }],
])('a worker with a wrong %s is refused before a process is started: %o', async (what, wrong) => {
  const before = childPids();
  const options = { url: 'ws://127.0.0.1:1', authkey: 'a key', handlers };
  await expect(Worker.start({ ...options, ...wrong })).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringContaining(what),
  });
  expect(childPids()).toEqual(before);
});
