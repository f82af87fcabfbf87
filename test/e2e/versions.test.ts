import { defineTask } from '@millrace/protocol';
import { type HandlerBinding, handler, Worker } from '@millrace/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
let stage: Stage;
const workers: Worker[] = [];

beforeEach(async () => {
  stage = await openStage();
  await stage.manager();
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
});

const start = async (...handlers: readonly HandlerBinding[]): Promise<void> => {
  const { authkey, url } = stage;
  workers.push(await Worker.start({ url, authkey, handlers, name: `w${workers.length}` }));
};

const first = defineTask<number, string>('greet');
const second = defineTask<number, string>('greet', { version: 2 });
const third = defineTask<number, string>('greet', { version: 3 });
const former = defineTask<number, string>('hello');

test('workers are dealt only the versions that they take, and are told which', async () => {
  const client = await stage.connect();
  const tasks = [];
  for (const task of [third, first, second, former]) {
    tasks.push(await client.enqueue(task, 7));
  }
  await start(handler(first, (n, { version }) => `old ${version} ${n}`));
  expect(await tasks[1]?.result()).toBe('old 1 7');
  await start(
    handler(second, (n, { version }) => `new ${version} ${n}`, {
      versions: [2, 3],
      aliases: ['hello'],
    }),
    handler(former, (n) => `former ${n}`),
  );
  expect(await Promise.all(tasks.map((task) => task.result()))).toEqual([
    'new 3 7',
    'old 1 7',
    'new 2 7',
    'former 7',
  ]);
  expect(await tasks[0]?.inspect()).toMatchObject({ version: 3 });
});

test('a renamed task is handled under its former name', async () => {
  const client = await stage.connect();
  const task = await client.enqueue(former, 7);
  await start(handler(first, (n) => `renamed ${n}`, { aliases: ['hello'] }));
  expect(await task.result()).toBe('renamed 7');
});

test('a version that nobody takes is named by the status, and the worker shows what it takes', async () => {
  await start(handler(second, (n) => String(n), { versions: [2, 5] }));
  const shown = await stage.cli(['worker', 'show', 'w0']);
  expect(shown.stdout).toMatch(
    /greet version 2 \(queue default\), greet version 5 \(queue default\)/,
  );
  const { stdout: id } = await stage.cli(['enqueue', 'greet', '7', '--task-version', '3']);
  expect((await stage.cli(['task', 'show', id])).stdout).toMatch(/^version +3$/m);
  const client = await stage.connect();
  await expect
    .poll(async () => (await client.status()).attention)
    .toContainEqual(
      expect.objectContaining({
        kind: 'queue-unhandled',
        message: expect.stringMatching(/^version 3 of task 'greet' of queue 'default' has waited/),
      }),
    );
});

test.each<[string, () => unknown, RegExp]>([
  ['of a task', () => defineTask('t', { version: 0 }), /a version is a whole number from 1/],
  ['of a task', () => defineTask('t', { version: 1.5 }), /not 1.5/],
  ['of a handler', () => handler(first, String, { versions: [] }), /name at least one version/],
  ['of a handler', () => handler(first, String, { versions: [Number.NaN] }), /not NaN/],
  [
    'under a bad alias',
    () => handler(first, String, { aliases: [''] }),
    /a task name has 1 to 128/,
  ],
])('a bad version %s is refused by name', async (_of, make, message) => {
  const refusal = await refusalOf(Promise.resolve().then(make));
  expect(refusal).toMatchObject({ code: 'BAD_OPTION', message: expect.stringMatching(message) });
});

test('a version that two handlers take is refused at the start', async () => {
  const both = start(
    handler(first, String, { versions: [1, 2] }),
    handler(second, String, { versions: [2] }),
  );
  expect(await refusalOf(both)).toMatchObject({
    code: 'HANDLER_INVALID',
    message: expect.stringContaining("binds version 2 of task 'greet' of queue 'default' twice"),
  });
});
