import { spawnSync } from 'node:child_process';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.manager();
});

/** What a command prints when it succeeds in silence. */
const printed = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr, stdout } = await stage.cli(args);
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' });
  return stdout;
};

const parsed = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse(await printed(...args, '--json'));

test('a task is listed, shown and cancelled by the id that enqueue printed', async () => {
  const id = await printed('enqueue', 'unhandled', '1', '--priority', '3');
  expect(await parsed('task', 'ls', '--state', 'ready')).toMatchObject([{ id, priority: 3 }]);
  expect(await printed('task', 'ls')).toMatch(new RegExp(`^${id} +default +unhandled +ready`, 'm'));
  expect(await parsed('task', 'show', id)).toMatchObject({ id, name: 'unhandled', state: 'ready' });
  expect(await printed('task', 'show', id)).toMatch(/^state +ready$/m);
  expect(await printed('task', 'priority', id, '-5')).toBe('');
  expect(await parsed('task', 'show', id)).toMatchObject({ id, priority: -5 });
  expect(await printed('task', 'cancel', id)).toBe('cancelled');
  expect(await printed('task', 'cancel', id)).toBe('finished');
  expect(await parsed('task', 'ls', '--state', 'ready')).toEqual([]);
  expect(await stage.cli(['task', 'priority', id, '1'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`task ${id} no longer waits; its state is cancelled`),
  });
  expect(await stage.cli(['task', 'priority', id, '128'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is a whole number from -128 to 127, not 128'),
  });
});

test('the dead are listed with their errors, retried and dropped, and never all by accident', async () => {
  await stage.worker(handlers);
  const die = async (): Promise<string> => {
    const id = await printed('enqueue', 'hopeless', 'null');
    const client = await stage.connect();
    await client
      .task(id)
      .result()
      .catch(() => {});
    return id;
  };
  const [first, second] = [await die(), await die()];
  expect(await printed('dead', 'ls')).toContain('gone for good');
  expect(await parsed('dead', 'ls', '--limit', '1')).toMatchObject([{ id: second }]);
  const stacks = await printed('dead', 'ls', '--stack');
  expect(stacks).toMatch(new RegExp(`^${second} {2}hopeless in queue default, \\d+m?s old$`, 'm'));
  expect(
    stacks.match(/^ {2}Unrecoverable: gone for good\n {2}at .*handlers\.ts:\d+/gm),
  ).toHaveLength(2);
  expect(await parsed('dead', 'ls', '--stack', '--limit', '1')).toMatchObject([
    { id: second, lastError: { name: 'Unrecoverable', stack: expect.stringContaining(' at ') } },
  ]);

  const again = await printed('task', 'retry', first);
  expect(again).not.toBe(first);
  const unsaid = await stage.cli(['dead', 'drop']);
  expect(unsaid).toMatchObject({ code: 2, stderr: expect.stringContaining('--all') });
  expect(await printed('dead', 'drop', second)).toBe('1');
  expect(await printed('dead', 'retry', '--name', 'nobody')).toBe('0');
});

test('a queue is shown, paused, resumed and purged, and gives the items that it was given', async () => {
  expect(await printed('queue', 'put', 'default', '{"n":1}')).toBe('');
  expect(await printed('queue', 'get', 'default')).toBe('{"n":1}');
  expect(await printed('queue', 'pause', 'default')).toBe('');
  expect(await parsed('queue', 'show', 'default')).toMatchObject({ isPaused: true });
  await printed('queue', 'put', 'default', '2');
  const paused = await stage.cli(['status']);
  expect(paused).toMatchObject({ code: 1, stdout: expect.stringContaining('WARNING (1)') });
  expect(await printed('queue', 'resume', 'default')).toBe('');
  expect(await printed('queue', 'show', 'default')).toMatch(/^state +active$/m);
  expect(await printed('queue', 'purge', 'default')).toBe('1');
  expect(await printed('queue', 'ls')).toMatch(/^default +0 +0/m);
});

test('a worker is shown, and ends well when it is drained', async () => {
  const worker = await stage.worker(handlers, { name: 'miller' });
  expect(await parsed('worker', 'ls')).toMatchObject([{ name: 'miller', pid: worker.pid }]);
  expect(await printed('worker', 'show', 'miller')).toMatch(/^state +working$/m);
  expect(await printed('worker', 'drain', 'miller')).toBe('1');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
});

test('colours are for terminals, and NO_COLOR is for those who want none', async () => {
  expect(await printed('status')).not.toContain('\u001b');
  const terminal = (env: string): string =>
    spawnSync('script', ['-qec', `${env} ${process.execPath} ${bin} status`, '/dev/null'], {
      cwd: stage.directory,
      encoding: 'utf8',
      env: { ...plainTerminal, MILLRACE_URL: stage.url, MILLRACE_AUTHKEY: stage.authkey },
    }).stdout;
  expect(terminal('env')).toContain('\u001b[32mOK');
  expect(terminal('env NO_COLOR=1')).toMatch(/^OK {2}manager/);
});

/** Node asks all of these, and CI too, before it takes a terminal for one that shows colours. */
const { CI: _ci, NO_COLOR: _none, FORCE_COLOR: _forced, ...others } = process.env;
const plainTerminal = { ...others, TERM: 'xterm' };
const bin = new URL('./bin.js', import.meta.resolve('millrace')).pathname;

test.each([
  ['millrace que', 'queue'],
  ['millrace queue pu', 'purge put'],
  ['millrace enqueue greet 1 --wa', '--wait'],
])('completion in bash: %s', async (line, words) => {
  const script = await printed('completion', 'bash');
  const typed = line.split(' ');
  const { stdout } = spawnSync(
    'bash',
    [
      '-c',
      `${script}\nCOMP_WORDS=(${typed.join(' ')}); COMP_CWORD=${typed.length - 1}; _millrace; echo "\${COMPREPLY[@]}"`,
    ],
    { encoding: 'utf8' },
  );
  expect(
    stdout
      .trim()
      .split(' ')
      .toSorted((a, b) => a.localeCompare(b))
      .join(' '),
  ).toBe(words);
});

test('tasks are listed from the newest on, and those that wait in their order', async () => {
  const ids: string[] = [];
  for (const delay of ['3h', '1h', '2h', '0s', '0s']) {
    ids.push(await printed('enqueue', 'unhandled', '1', '--delay', delay));
  }
  const [three, one, two, first, second] = ids;
  const listed = async (...args: readonly string[]): Promise<unknown> => {
    const rows = await printed('task', 'ls', ...args);
    return rows
      .split('\n')
      .slice(1)
      .map((row) => row.split(' ')[0]);
  };
  expect(await listed()).toEqual(ids.toReversed());
  expect(await listed('--limit', '2')).toEqual([second, first]);
  expect(await listed('--state', 'scheduled')).toEqual([one, two, three]);
  expect(await listed('--state', 'ready')).toEqual([first, second]);
});

test('a list that was cut says on stderr that there is more', async () => {
  const numbers = Array.from({ length: 101 }, (_, index) => index);
  const client = await stage.connect();
  await client.enqueueMany(defineTask<number, void>('many'), numbers);
  const cut = await stage.cli(['task', 'ls']);
  expect(cut.stdout.split('\n')).toHaveLength(101);
  expect(cut.stderr).toMatch(/^millrace: only the first 100 tasks are shown; use --limit /);
  expect((await stage.cli(['task', 'ls', '--limit', '101'])).stderr).toBe('');
});
