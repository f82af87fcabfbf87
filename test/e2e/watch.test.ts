import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { freePort } from '../support/free-port.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const terminal = fileURLToPath(new URL('../support/terminal.py', import.meta.url));
const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

test.skipIf(!hasPython)(
  'status --watch survives a restart, follows the size of its terminal, and leaves it clean',
  async () => {
    const stage = await openStage();
    const manager = await stage.manager();
    const screen = stage.program('terminal', [
      'python3',
      terminal,
      process.execPath,
      millraceBin,
      'status',
      '--watch',
    ]);
    await screen.line(/OK {2}manager ws:/);
    await manager.end('SIGKILL');
    await screen.nextLine(/UNREACHABLE {2}no manager has answered for/);
    const back = screen.nextLine(/epoch 2/);
    await stage.manager({ port: manager.port });
    await back;

    screen.process.stdin?.write('resize 30 5\n');
    await screen.nextLine(/^rows 5 widest 30$/);
    await screen.nextLine(/^q quits$/);
    screen.process.stdin?.write('keys q\n');
    expect(await screen.closed).toEqual({ code: 0, signal: null });
    expect(screen.output).toContain(JSON.stringify(ENTER).slice(1, -1));
    expect(screen.stdout.at(-1)).toBe(`last ${JSON.stringify(LEAVE)}`);
  },
);

test('status --watch --json writes a line a second for programs', async () => {
  const stage = await openStage();
  await stage.manager();
  const watch = stage.command(['status', '--watch', '--json']);
  await watch.line(/^\{.*"epoch":1.*\}$/);
  await watch.nextLine(/^\{.*"epoch":1.*\}$/);
  expect((await watch.end('SIGINT')).code).toBe(0);
});

const handlersOf = (name: string): string => `
import { defineTask, handler } from ${JSON.stringify(import.meta.resolve('millrace'))};
export default [handler(defineTask(${JSON.stringify(name)}), () => 1)];
`;

/** A worker under a supervisor, the process id of the former, and the module that is watched. */
const supervised = async (
  stage: Stage,
): Promise<{ supervisor: Child; pid: number; file: string }> => {
  const file = stage.path('watched.mjs');
  writeFileSync(file, handlersOf('first'));
  const supervisor = stage.command(['worker', file, '--watch']);
  const [, pid = ''] = await supervisor.line(/"pid":(\d+).*worker handles first/);
  return { supervisor, pid: Number(pid), file };
};

test('worker --watch starts anew with what was changed, also after a mistake', async () => {
  const stage = await openStage();
  await stage.manager();
  const { file, supervisor: worker } = await supervised(stage);
  writeFileSync(file, 'export default 1');
  await worker.line(/HANDLER_INVALID/);
  await worker.line(/ended with exit code 2; it restarts/);
  writeFileSync(file, handlersOf('second'));
  await worker.line(/worker handles second/);
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

/** As editors save: another file takes the place of the one before. */
const saveByRename = (file: string, text: string): void => {
  writeFileSync(`${file}~`, text);
  renameSync(`${file}~`, file);
};

test('worker --watch sees save after save by rename, and nothing but source files', async () => {
  const stage = await openStage();
  await stage.manager();
  const { file, supervisor: worker } = await supervised(stage);
  for (const name of ['second', 'third', 'fourth']) {
    writeFileSync(stage.path('worker.log'), name);
    saveByRename(file, handlersOf(name));
    await worker.line(new RegExp(`worker handles ${name}`));
  }
  mkdirSync(stage.path('lib'));
  writeFileSync(stage.path('lib/inner.mjs'), '');
  await worker.nextLine(/worker handles fourth/);
  const inner = worker.nextLine(/lib.inner\.mjs changed/);
  saveByRename(stage.path('lib/inner.mjs'), 'export {};');
  await inner;
  expect(worker.output).not.toMatch(/worker\.log changed/);
  // The user sent no signal, so the log of a reload must not mention one.
  expect(worker.output).not.toMatch(/SIGTERM/);
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('worker --watch that is killed takes its worker along', async () => {
  const stage = await openStage();
  await stage.manager();
  const { supervisor } = await supervised(stage);
  supervisor.signal('SIGKILL');
  // The worker has the other ends of the pipes.
  await supervisor.closed;
  expect(supervisor.output).toMatch(/millrace: draining, at most/);
});

test('worker --watch that is stopped while it starts anew leaves no worker', async () => {
  const stage = await openStage();
  await stage.manager();
  const { file, supervisor } = await supervised(stage);
  const restarting = supervisor.line(/changed: restarting/);
  saveByRename(file, handlersOf('second'));
  await restarting;
  expect(await supervisor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await supervisor.closed;
  expect(supervisor.output).not.toMatch(/worker handles second/);
});

test('worker --watch says which signal ended its worker', async () => {
  const stage = await openStage();
  await stage.manager();
  const { pid, supervisor } = await supervised(stage);
  process.kill(pid, 'SIGKILL');
  await supervisor.line(/the worker ended with signal SIGKILL; it restarts/);
});

test('dev is manager and worker in one process, and drains', async () => {
  const stage = await openStage();
  const file = stage.path('handlers.mjs');
  writeFileSync(file, handlersOf('once'));
  const dev = stage.command(['dev', file, '--port', '0', '--memory']);
  const [, url = ''] = await dev.line(/listening on (\S+)/);
  await dev.line(/worker handles once/);
  const result = await stage.cli(['enqueue', 'once', 'null', '--wait', '--url', url]);
  expect(result).toMatchObject({ code: 0, stdout: '1', stderr: '' });
  expect(await dev.end('SIGINT')).toEqual({ code: 0, signal: null });
});

test('dev --watch restarts its worker in a process of its own, and its manager goes on', async () => {
  const stage = await openStage();
  const file = stage.path('handlers.mjs');
  writeFileSync(file, 'export default 1');
  const dev = stage.command(['dev', file, '--port', '0', '--memory', '--watch'], {
    MILLRACE_URL: undefined,
    MILLRACE_AUTHKEY: undefined,
  });
  const [, url = ''] = await dev.line(/listening on (\S+)/);
  await dev.line(/HANDLER_INVALID.*is not an array of handlers/);
  await dev.line(/ended with exit code 2; it restarts/);
  saveByRename(file, handlersOf('first'));
  const [, pid = ''] = await dev.line(/"pid":(\d+).*worker handles first/);
  expect(Number(pid)).not.toBe(dev.process.pid);
  const ask = (name: string) =>
    stage.cli(['enqueue', name, 'null', '--wait', '--url', url], { MILLRACE_AUTHKEY: undefined });
  expect(await ask('first')).toMatchObject({ code: 0, stdout: '1', stderr: '' });
  saveByRename(file, handlersOf('second'));
  await dev.line(/worker handles second/);
  expect(await ask('second')).toMatchObject({ code: 0, stdout: '1', stderr: '' });
  expect(await dev.end('SIGINT')).toEqual({ code: 0, signal: null });
  expect(dev.output.match(/manager started/g)).toHaveLength(1);
});

test('dev takes the port of its health checks', async () => {
  const stage = await openStage();
  const file = stage.path('handlers.mjs');
  writeFileSync(file, handlersOf('once'));
  const port = await freePort();
  const dev = stage.command(['dev', file, '--port', '0', '--memory', '--http-port', String(port)], {
    MILLRACE_HTTP_PORT: undefined,
  });
  await dev.line(/worker handles once/);
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  expect(await dev.end('SIGINT')).toEqual({ code: 0, signal: null });
});

/** Runs a shell in a namespace of its own, where root may forbid to watch files. */
const namespace = ['unshare', '--user', '--map-root-user', 'sh', '-c'];
const FORBID = 'echo 0 > /proc/sys/user/max_inotify_watches';
const canForbid = spawnSync('unshare', [...namespace.slice(1), FORBID]).status === 0;

test.skipIf(!canForbid)(
  'worker --watch says that the system allows no more watches, and starts nothing',
  async () => {
    const stage = await openStage();
    await stage.manager();
    writeFileSync(stage.path('watched.mjs'), handlersOf('first'));
    const command = `${FORBID} && exec "$0" "$1" worker watched.mjs --watch`;
    const worker = stage.program('worker', [...namespace, command, process.execPath, millraceBin]);
    expect((await worker.closed).code).toBe(2);
    expect(worker.output).toMatch(
      /BAD_OPTION: .* cannot be watched for changes: .*raise fs\.inotify/,
    );
    expect(worker.output).not.toMatch(/INTERNAL|worker handles/);
  },
);
