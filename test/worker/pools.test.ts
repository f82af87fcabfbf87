import { defineTask } from '@millrace/protocol';
import { type HandlerBinding, handler, Worker } from '@millrace/worker';
import { expect, test } from 'vitest';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { stages } from '../support/stage.ts';

const openStage = stages();
const MAX = 1_000;

/** Handlers with a pool each. */
const pools = (count: number): HandlerBinding[] =>
  Array.from({ length: count }, (_, index) =>
    handler(defineTask<null, number>(`task-${index}`), () => index, { concurrency: 1 }),
  );

test('a worker may have as many pools as a session, and each serves', async () => {
  const stage = await openStage();
  await stage.manager();
  const { authkey, url } = stage;
  const worker = await Worker.start({ url, authkey, handlers: pools(MAX) });
  const client = await stage.connect();
  for (const index of [0, 63, 64, MAX - 1]) {
    expect(await client.run(defineTask<null, number>(`task-${index}`), null)).toBe(index);
  }
  await worker.stop();
});

test('one pool more is refused at the start, with the name of a task', async () => {
  const starting = Worker.start({ url: 'ws://nowhere:1', authkey: 'x', handlers: pools(MAX + 1) });
  expect(await refusalOf(starting)).toMatchObject({
    code: 'HANDLER_INVALID',
    message: expect.stringMatching(new RegExp(`need ${MAX + 1} pools.*'task-${MAX}'`)),
  });
});
