import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { stages } from '../harness/stage.ts';

const openStage = stages();
const terminal = fileURLToPath(new URL('../harness/terminal.py', import.meta.url));
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
    await screen.nextLine(/UNREACHABLE {2}no manager answers for/);
    const back = screen.nextLine(/epoch 2/);
    await stage.manager({ port: manager.port });
    await back;

    screen.process.stdin?.write('resize 30 5\n');
    await screen.nextLine(/^rows 5 widest 30$/);
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

test('worker --watch starts anew with what was changed, also after a mistake', async () => {
  const stage = await openStage();
  await stage.manager();
  const file = stage.path('watched.mjs');
  writeFileSync(file, handlersOf('first'));
  const worker = stage.command(['worker', file, '--watch']);
  await worker.line(/worker handles first/);
  writeFileSync(file, 'export default 1');
  await worker.line(/HANDLER_INVALID/);
  await worker.line(/ended with exit code 2; it starts anew/);
  writeFileSync(file, handlersOf('second'));
  await worker.line(/worker handles second/);
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
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
