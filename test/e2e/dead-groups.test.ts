import type { Client, TaskHandle } from '@millrace/client';
import { beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { type Stage, stages } from '../support/stage.ts';
import { drowsy, flaky, judged } from './tasks.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);

let stage: Stage;
let client: Client;

beforeEach(async () => {
  stage = await openStage();
  await stage.manager();
  client = await stage.connect();
  await stage.worker(handlers, { name: 'w' });
});

const die = async (...messages: readonly string[]): Promise<TaskHandle<string>[]> => {
  const tasks = await client.enqueueMany(
    judged,
    messages.map((message) => ({ message })),
  );
  for (const task of tasks) {
    expect(await refusalOf(task.result())).toMatchObject({ code: 'TASK_DEAD' });
  }
  return tasks;
};

const cli = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr, stdout } = await stage.cli(args);
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' });
  return stdout;
};

test('dead tasks are counted by cause, whatever the numbers in their messages', async () => {
  await die('user 17 is gone', 'user 4711 is gone', 'no such mailbox');
  const groups = await client.deadGroups();
  expect(groups).toMatchObject([
    { count: 2, queue: 'default', name: 'judged', error: 'Unrecoverable: user 4711 is gone' },
    { count: 1, error: 'Unrecoverable: no such mailbox' },
  ]);
  const [first] = groups;
  expect(first?.firstAgoMs).toBeGreaterThanOrEqual(first?.lastAgoMs ?? Infinity);
  const table = await cli('dead', 'ls', '--group');
  expect(table).toMatch(/^GROUP +DEAD +QUEUE +TASK +FIRST +LAST +ERROR OF THE LAST$/m);
  expect(table).toMatch(
    new RegExp(`^${first?.fingerprint} +2 +default +judged .*4711 is gone$`, 'm'),
  );
  expect(JSON.parse(await cli('dead', 'ls', '--group', '--json'))).toHaveLength(2);
  expect(await client.deadGroups({ name: 'other' })).toEqual([]);
});

test('a group is listed, counted, retried and dropped, and the others are left alone', async () => {
  await die('fault 1', 'fault 2', 'fault 3', 'other');
  const [group] = await client.deadGroups();
  const fingerprint = group?.fingerprint ?? '';
  expect(JSON.parse(await cli('dead', 'ls', '--group', fingerprint, '--json'))).toHaveLength(3);
  expect(await cli('dead', 'retry', '--group', fingerprint, '--dry-run')).toBe('3');
  expect(await client.retryAll({ fingerprint }, { isDryRun: true })).toBe(3);
  expect((await client.deadGroups()).map(({ count }) => count)).toEqual([3, 1]);
  expect(await cli('dead', 'retry', '--group', fingerprint, '--rate', '1000/s')).toBe('3');
  await expect
    .poll(async () => (await client.deadGroups()).map(({ count }) => count))
    .toEqual([3, 1]);
  expect(await cli('dead', 'drop', '--group', fingerprint)).toBe('3');
  expect(await client.deadGroups()).toMatchObject([{ count: 1, error: 'Unrecoverable: other' }]);
});

test('a rate spreads the retries over time, and the time of the call ends it', async () => {
  await die('a', 'b', 'c', 'd');
  const call = client.retryAll({}, { maxPerSecond: 0.5, timeoutMs: 300 });
  expect(await refusalOf(call)).toMatchObject({ code: 'UNKNOWN' });
  const states = await client.listTasks({ state: 'dead' });
  expect(states.tasks.length).toBeGreaterThanOrEqual(3);
  const controller = new AbortController();
  const aborted = client.dropAll({}, { maxPerSecond: 0.001, signal: controller.signal });
  await expect.poll(async () => (await client.listTasks({ state: 'dead' })).tasks.length).toBe(3);
  controller.abort();
  expect(await refusalOf(aborted)).toMatchObject({ name: 'AbortError', code: 'UNKNOWN' });
});

test('one dead task is tried again with another payload', async () => {
  const [task] = await die('broken');
  const id = await cli('dead', 'retry', task?.id ?? '', '--payload', '{"message":"fine now"}');
  expect(id).toBe('1');
  await expect
    .poll(async () => (await client.listTasks({ state: 'succeeded' })).tasks.length)
    .toBe(1);
  const [again] = await die('broken too');
  const retried = await again?.retry({ payload: { message: 'fine' } });
  expect(await retried?.result()).toBe('fine');
});

test('bad choices are refused before anything is done', async () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await stage.cli(['dead', ...args]);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refused('retry', '--all', '--payload', '{}')).toMatch(
    /--payload needs the id of one task/,
  );
  expect(await refused('retry', '--all', '--rate', '0')).toMatch(/'0' is not a rate such as 50\/s/);
  expect(await refused('ls', '--group', 'xyz')).toMatch(/'xyz' is no fingerprint/);
  expect(await refusalOf(client.retryAll({}, { maxPerSecond: 0 }))).toMatchObject({
    code: 'BAD_OPTION',
  });
});

test('the attempts of a task are shown with their worker, runner and error', async () => {
  const task = await client.enqueue(
    flaky,
    { failures: 2 },
    { retry: { backoff: { fixedMs: 10 }, jitter: 0 } },
  );
  await task.result();
  const { history } = await task.inspect();
  expect(history.map(({ kind, runner, worker }) => [kind, runner, worker])).toEqual([
    ['failed', 'inline', 'w'],
    ['failed', 'inline', 'w'],
    ['succeeded', 'inline', 'w'],
  ]);
  expect(history[0]?.error).toMatchObject({
    name: 'TypeError',
    message: 'attempt 1 is not the last',
    stack: expect.stringContaining('handlers.ts'),
  });
  const shown = await cli('task', 'show', task.id);
  expect(shown).toMatch(/^attempts$/m);
  expect(shown).toMatch(/ago {2}failed {2}after .* on w \(inline\) {2}TypeError: attempt 1/);
  expect(JSON.parse(await cli('task', 'show', task.id, '--json'))).toMatchObject({
    history: [{ kind: 'failed' }, { kind: 'failed' }, { kind: 'succeeded' }],
  });
});

test('an attempt that succeeds after it was put off says where it ran, too', async () => {
  const task = await client.enqueue(drowsy, null);
  expect(await task.result()).toBe(1);
  const { failures, history } = await task.inspect();
  expect([failures, ...history.map(({ kind, runner }) => `${kind} ${runner}`)]).toEqual([
    0,
    'snoozed inline',
    'succeeded inline',
  ]);
});

test('the command line takes waits and a time', async () => {
  const when = ['--backoff', '20ms,30ms', '--at', '2001-01-01T00:00:00Z'];
  const id = await cli('enqueue', 'flaky', '{"failures":2}', ...when);
  expect(await client.task(id).result()).toEqual({ attempt: 3 });
  const refused = async (...args: readonly string[]): Promise<string> =>
    (await stage.cli(['enqueue', 'flaky', '{}', ...args])).stderr;
  expect(await refused('--at', 'tomorrow')).toMatch(/'tomorrow' is not a time with a zone/);
  expect(await refused('--at', '2030-01-01T00:00:00')).toMatch(/is not a time with a zone/);
  expect(await refused('--at', '2999-01-01T00:00:00Z')).toMatch(/runAt must be within ten years/);
  expect(await refused('--backoff', '1s,,2s')).toMatch(/'' is not a time such as/);
});
