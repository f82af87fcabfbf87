import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { type CliResult, type Stage, stages } from '../support/stage.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const millrace = JSON.stringify(import.meta.resolve('millrace'));
const talking = defineTask<null, string>('talking');

/** A worker whose handler writes to its log. */
const talker = async (): Promise<Child> => {
  const file = stage.path('talking.mjs');
  writeFileSync(
    file,
    `import { defineTask, handler } from ${millrace};
    const talk = (_input, { log }) => { log.info('at it'); return 'done'; };
    export default [handler(defineTask('talking'), talk)];`,
  );
  const worker = stage.command(['worker', file]);
  await worker.line(/worker handles/);
  return worker;
};

/** As when `tee` ends before the command whose log it writes. */
const loseReader = (child: Child): void => {
  child.process.stderr?.destroy();
};

test('a worker works and drains although nobody reads its log any more', async () => {
  await stage.manager();
  const worker = await talker();
  loseReader(worker);
  const client = await stage.connect();
  const task = await client.enqueue(talking, null);
  expect(await task.result({ timeoutMs: 30_000 })).toBe('done');
  expect(await worker.end('SIGINT')).toEqual({ code: 0, signal: null });
});

test('a manager says goodbye although nobody reads its log any more', async () => {
  const manager = await stage.manager();
  loseReader(manager);
  await stage.cli(['queue', 'ls'], { MILLRACE_AUTHKEY: 'wrong' });
  expect((await stage.cli(['check', 'live'])).code).toBe(0);
  expect(await manager.end('SIGINT')).toEqual({ code: 0, signal: null });
});

test('a manager serves although the disk of its log is full', async () => {
  const command = 'exec "$0" "$1" manager --memory --port 0 2> /dev/full';
  const program = ['bash', '-c', command, process.execPath, millraceBin];
  const manager = stage.program('manager', program);
  const [url] = await manager.line(/ws:\S+$/);
  const unknown = await stage.cli(['queue', 'ls', '--url', url], { MILLRACE_AUTHKEY: 'wrong' });
  expect(unknown.stderr).toContain('AUTH_FAILED');
  expect((await stage.cli(['queue', 'ls', '--url', url])).code).toBe(0);
  expect(await manager.end('SIGINT')).toEqual({ code: 0, signal: null });
});

/** Runs a command with what the shell adds to it. */
const inShell = async (line: string): Promise<CliResult> => {
  const command = `"$0" "$1" ${line}`;
  const child = stage.program('shell', ['bash', '-c', command, process.execPath, millraceBin]);
  const exit = await child.closed;
  return { ...exit, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
};

test('an item that cannot be written is not taken', async () => {
  await stage.manager();
  await stage.cli(['queue', 'put', 'default', '7']);
  const failed = await inShell('queue get default > /dev/full');
  expect(failed.stderr).toMatch(/^millrace: OUTPUT_FAILED: stdout cannot be written: [^\n]+$/);
  expect(failed.code).toBe(1);
  expect(await stage.cli(['queue', 'get', 'default'])).toMatchObject({ code: 0, stdout: '7' });
  expect((await stage.cli(['queue', 'get', 'default', '--timeout', '0s'])).stderr).toContain(
    'QUEUE_EMPTY',
  );
});

test('a check whose verdict cannot be written fails', async () => {
  await stage.manager();
  expect(await inShell('check live > /dev/full')).toMatchObject({ code: 3 });
});

test('a reader that leaves is no failure', async () => {
  expect(await inShell('--help | true; exit "${PIPESTATUS[0]}"')).toMatchObject({
    code: 0,
    stderr: '',
  });
});
