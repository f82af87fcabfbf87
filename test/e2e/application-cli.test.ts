import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);
const definitions = fileURLToPath(new URL('tasks.ts', import.meta.url));
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.manager();
});

const printed = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr, stdout } = await stage.cli(args);
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' });
  return stdout;
};

const parsed = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse(await printed(...args));

const refused = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr, stdout } = await stage.cli(args);
  expect({ code, stdout }, args.join(' ')).toEqual({ code: 2, stdout: '' });
  return stderr;
};

/** Runs a command with bytes on its stdin. */
const fed = async (bytes: Uint8Array | string, ...args: readonly string[]) => {
  const child = stage.command(args, {}, 'pipe');
  child.process.stdin?.end(bytes);
  const exit = await child.closed;
  return { ...exit, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
};

const payloadOf = async (id: string): Promise<unknown> => {
  const client = await stage.connect();
  return (await client.task(id).inspect({ withData: true })).payload;
};

const large = JSON.stringify({ text: 'x'.repeat(500_000) });

test('a payload comes from stdin or from a file, however large, and exactly', async () => {
  writeFileSync(stage.path('payload.json'), `\ufeff${large}\n`);
  const fromFile = await printed('enqueue', 'unhandled', '@payload.json');
  expect(await payloadOf(fromFile)).toEqual(JSON.parse(large));
  const fromStdin = await fed(large, 'enqueue', 'unhandled', '-');
  expect(await payloadOf(fromStdin.stdout)).toEqual(JSON.parse(large));
  const exact = await printed('enqueue', 'unhandled', '{"id":9007199254740993}');
  expect(await payloadOf(exact)).toEqual({ id: 9007199254740993n });
  await fed('{"n":1}', 'queue', 'put', 'default', '-');
  expect(await printed('queue', 'get', 'default')).toBe('{"n":1}');

  // Lines of JSON are items, and so is each argument.
  await fed('{"n":\n2}\n', 'queue', 'put', 'default', '-');
  await fed('3\n\n[4,\t5]\r\n"six"', 'queue', 'put', 'default', '-');
  await printed('queue', 'put', 'default', '7', '{"n":8}');
  expect(await printed('queue', 'get', 'default', '--max', '3')).toBe('{"n":2}\n3\n[4,5]');
  expect(await printed('queue', 'get', 'default', '--max', '100')).toBe('"six"\n7\n{"n":8}');
  // Three tasks wait in the same queue.
  const lines = Array.from({ length: 2_500 }, (_, n) => String(n)).join('\n');
  await fed(lines, 'queue', 'put', 'default', '-');
  expect(await printed('queue', 'purge', 'default')).toBe('2503');
});

test('a payload that cannot be read is refused by name before anything is sent', async () => {
  expect(await refused('enqueue', 'unhandled', '@nothing.json')).toMatch(
    /BAD_OPTION: the payload in nothing.json cannot be read: ENOENT/,
  );
  mkdirSync(stage.path('folder'));
  expect(await refused('enqueue', 'unhandled', '@folder')).toMatch(/folder cannot be read: EISDIR/);
  expect(await refused('enqueue', 'unhandled', '@')).toMatch(/cannot be read/);
  writeFileSync(stage.path('latin'), Buffer.from([0x22, 0xe4, 0x22]));
  expect(await refused('enqueue', 'unhandled', '@latin')).toMatch(/latin is not UTF-8/);
  const empty = await fed('', 'enqueue', 'unhandled', '-');
  expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('is not JSON') });
  expect(await printed('task', 'ls', '--json')).toBe('[]');
});

test('a task is shown with its payload, its result, its times and the stack of its error', async () => {
  await stage.worker(handlers);
  const good = await printed('enqueue', 'double', '{"n":21}');
  expect(await printed('task', 'result', good)).toBe('42');
  const ended = await printed('task', 'show', good);
  expect(ended).toMatch(/^result +42$/m);
  expect(ended).toMatch(/^accepted +\d+\S* ago$/m);
  expect(ended).toMatch(/^ended +\d+\S* ago$/m);
  expect(ended).toMatch(/^attempts failed +0 of 5$/m);
  expect(ended).toMatch(/^deadline +15m/m);

  const bad = await printed('enqueue', 'hopeless', 'null');
  expect(await stage.cli(['task', 'result', bad])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('TASK_DEAD'),
  });
  const dead = await printed('task', 'show', bad);
  expect(dead).toMatch(/^payload +1 B: null$/m);
  expect(dead).toMatch(/^last error +Unrecoverable: gone for good$/m);
  expect(dead).toMatch(/^ {2}at .*handlers\.ts:\d+:\d+/m);

  const flaky = await printed('enqueue', 'flaky', '{"failures":9}', '--delay', '1h');
  expect(await printed('task', 'show', flaky)).toMatch(/^due +in (?:59m|1h)/m);
  expect(await parsed('task', 'show', flaky, '--json')).toMatchObject({
    id: flaky,
    state: 'scheduled',
    payload: { failures: 9 },
    attempts: 5,
    deadlineMs: 900_000,
    dueInMs: expect.any(Number),
  });
});

test('enqueue reads the definition of its task: queue, options and schema', async () => {
  const from = ['--from', definitions];
  const id = await printed('enqueue', 'hopeless', 'null', ...from);
  expect(await parsed('task', 'show', id, '--json')).toMatchObject({ attempts: 5 });
  const mismatch = await stage.cli(['enqueue', 'double', '{"n":"one"}', ...from]);
  expect(mismatch).toMatchObject({ code: 1, stderr: expect.stringContaining('SCHEMA_MISMATCH') });
  expect(await refused('enqueue', 'nobody', '1', ...from)).toMatch(
    /exports no definition of task 'nobody'; it has .*double/,
  );
  expect(await refused('enqueue', 'double', '1', '--from', 'nothing.ts')).toMatch(
    /HANDLER_INVALID: module .*nothing.ts does not exist/,
  );
  writeFileSync(
    stage.path('own.mjs'),
    `export const mine = { name: 'mine', queue: 'default', options: { priority: 7, attempts: 2 } };`,
  );
  const own = await printed('enqueue', 'mine', '1', '--from', 'own.mjs', '--attempts', '3');
  expect(await parsed('task', 'show', own, '--json')).toMatchObject({ priority: 7, attempts: 3 });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'enqueue --wait that is ended by %s says which task goes on',
  async (signal) => {
    const child = stage.command(['enqueue', 'unhandled', '1', '--wait']);
    const client = await stage.connect();
    await expect.poll(async () => (await client.listTasks()).tasks.length).toBe(1);
    const [task] = (await client.listTasks()).tasks;
    // The task may be listed a moment before the command knows its id.
    await expect
      .poll(() => {
        child.signal(signal);
        return child.isRunning;
      })
      .toBe(false);
    expect((await child.closed).signal).toBe(signal);
    expect(child.stderr.join('\n')).toContain(`task ${task?.id} goes on`);
  },
);

test('a listing of an unknown queue says so', async () => {
  const found = await stage.cli(['task', 'ls', '--queue', 'nowhere']);
  expect(found).toMatchObject({ code: 1, stderr: expect.stringContaining('UNKNOWN_QUEUE') });
});
