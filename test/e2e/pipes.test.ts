import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

/** Commands in shells, which a test that fails leaves behind. */
const commands: Piped[] = [];

afterEach(() => {
  for (const command of commands.splice(0)) {
    command.kill();
  }
});

const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const millrace = JSON.stringify(import.meta.resolve('millrace'));
const runners = ['inline', 'thread', 'process'] as const;
const MIB = 1_024 * 1_024;
const FLOOD_MIB = 16;
const linger = defineTask<string, string>('linger');

/** Handlers that print in every way, one for each runner, and one that waits for the end of a drain. */
const printing = (): string => {
  const file = stage.path('printing.mjs');
  writeFileSync(
    file,
    `import { once } from 'node:events';
    import { defineTask, handler } from ${millrace};
    const print = async (text) => {
      for (let line = 0; line < 3; line++) {
        console.log(text);
        // A stream that nobody reads would never call back.
        await new Promise((resolve) => process.stdout.write('raw\\n', resolve));
      }
      return text;
    };
    const linger = async (text, { log, signal }) => {
      log.info('it lingers');
      await once(process, 'SIGTERM');
      return print(text);
    };
    const flood = () => {
      for (let megabyte = 0; megabyte < ${FLOOD_MIB}; megabyte++) {
        process.stdout.write('x'.repeat(${MIB - 1}) + '\\n');
      }
      return 'all of it';
    };
    export default [
      ...${JSON.stringify(runners)}.flatMap((runner) => [
        handler(defineTask(runner), print, { runner, concurrency: 1 }),
        handler(defineTask('flood-' + runner), flood, { runner, concurrency: 1 }),
      ]),
      handler(defineTask('linger'), linger),
    ];`,
  );
  return file;
};

/** A command of the CLI in bash, with what the shell adds to its words. */
class Piped {
  readonly shell: Child;

  constructor(words: string, added: string) {
    const script = `exec 9>&2
      (echo "pid $BASHPID" >&9; exec "$NODE" "$BIN" ${words}) ${added}
      echo "codes \${PIPESTATUS[*]}" >&9`;
    const env = ['env', `NODE=${process.execPath}`, `BIN=${millraceBin}`];
    this.shell = stage.program('shell', [...env, 'bash', '-c', script]);
    commands.push(this);
  }

  /** Ends the command unless its shell says that it has ended. */
  kill(): void {
    const [, pid] = /^pid (\d+)/m.exec(this.shell.output) ?? [];
    if (pid !== undefined && !/^codes/m.test(this.shell.output)) {
      process.kill(Number(pid), 'SIGKILL');
    }
  }

  async pid(): Promise<number> {
    const [, pid = ''] = await this.shell.line(/^pid (\d+)/);
    return Number(pid);
  }

  /** The exit code of the command, once it has ended. */
  async code(): Promise<number> {
    const [, code = ''] = await this.shell.line(/^codes (\d+)/);
    return Number(code);
  }

  async stop(): Promise<number> {
    process.kill(await this.pid(), 'SIGTERM');
    return this.code();
  }

  /** How often the command said that stdout is lost. */
  get losses(): number {
    return this.shell.output.match(/stdout cannot be written/g)?.length ?? 0;
  }
}

/** Runs a printing task in each runner; all succeed. */
const runAll = async (): Promise<void> => {
  const client = await stage.connect();
  for (const runner of runners) {
    const task = await client.enqueue(defineTask<string, string>(runner), runner, { attempts: 1 });
    expect(await task.result({ timeoutMs: 40_000 })).toBe(runner);
  }
};

test.each([
  ['its reader leaves', '| head -n 1'],
  ['its reader never was', '| true'],
  ['its device is full', '> /dev/full'],
])('a worker works and drains although %s', async (_why, added) => {
  await stage.manager();
  const worker = new Piped(`worker ${printing()}`, added);
  await worker.shell.line(/worker handles/);
  await runAll();
  await runAll();
  const client = await stage.connect();
  const lingering = await client.enqueue(linger, 'to the end');
  await worker.shell.line(/it lingers/);
  expect(await worker.stop()).toBe(0);
  expect(await lingering.result({ timeoutMs: 40_000 })).toBe('to the end');
  expect(worker.losses).toBe(1);
  expect(worker.shell.output).toMatch(/"level":40.*OUTPUT_FAILED.*the command goes on without it/);
});

test('a worker drains although tee is killed', async () => {
  await stage.manager();
  const log = stage.path('log');
  const added = `> >(echo "tee $BASHPID" >&9; exec tee ${log})`;
  const worker = new Piped(`worker ${printing()}`, added);
  const [, tee = ''] = await worker.shell.line(/^tee (\d+)/);
  await worker.shell.line(/worker handles/);
  await runAll();
  await expect.poll(() => readFileSync(log, 'utf8')).toContain('process');
  process.kill(Number(tee), 'SIGKILL');
  await runAll();
  expect(await worker.stop()).toBe(0);
  expect(worker.losses).toBe(1);
});

test('megabytes that a task prints in any runner reach the reader of its worker', async () => {
  await stage.manager();
  const worker = new Piped(`worker ${printing()}`, '| { wc -c >&9; echo counted >&9; }');
  await worker.shell.line(/worker handles/);
  const client = await stage.connect();
  for (const runner of runners) {
    const flood = defineTask<null, string>(`flood-${runner}`, { attempts: 1 });
    expect(await client.run(flood, null, { timeoutMs: 40_000 })).toBe('all of it');
  }
  expect(await worker.stop()).toBe(0);
  await worker.shell.line(/^counted$/);
  expect(worker.shell.output).toMatch(new RegExp(`^${FLOOD_MIB * MIB * runners.length}$`, 'm'));
});

test.each(['<&- >&- 2>&-', '> /dev/full 2> /dev/full', '2>&1 | true'])(
  'a worker works and drains with %s',
  async (added) => {
    await stage.manager();
    const worker = new Piped(`worker ${printing()}`, added);
    await runAll();
    expect(await worker.stop()).toBe(0);
  },
);

test.each(['| true', '2>&1 | true', '>&- 2>&-', '> /dev/full 2> /dev/full'])(
  'a manager serves and stops with %s',
  async (added) => {
    const manager = new Piped('manager --memory --port 0', added);
    const file = stage.path('.millrace/url');
    await expect.poll(() => existsSync(file)).toBe(true);
    const url = readFileSync(file, 'utf8').trim();
    expect((await stage.cli(['queue', 'ls', '--url', url])).code).toBe(0);
    expect(await manager.stop()).toBe(0);
    expect(manager.losses).toBeLessThanOrEqual(1);
  },
);

test('dev works and drains although its reader leaves', async () => {
  const dev = new Piped(`dev ${printing()} --memory --port 0`, '| head -n 1');
  await dev.shell.line(/worker handles/);
  const [, url = ''] = await dev.shell.line(/"url":"(ws:[^"]+)"/);
  for (const runner of runners) {
    const args = ['enqueue', runner, '"it"', '--wait', '--url', url];
    expect(await stage.cli(args)).toMatchObject({ code: 0, stdout: '"it"' });
  }
  expect(await dev.stop()).toBe(0);
  expect(dev.losses).toBe(1);
});

test('worker --watch goes on without its reader', async () => {
  await stage.manager();
  const worker = new Piped(`worker ${printing()} --watch`, '| head -n 1');
  await worker.shell.line(/worker handles/);
  await runAll();
  await runAll();
  expect(await worker.stop()).toBe(0);
});

test.each(['queue ls', 'config print', 'status --watch --json'])(
  '%s ends quietly when its reader leaves',
  async (words) => {
    await stage.manager();
    const command = new Piped(words, '| true');
    expect(await command.code()).toBe(0);
    expect(command.shell.output).not.toContain('millrace:');
  },
);

test('a verdict is the exit code although its reader leaves', async () => {
  await stage.manager();
  await stage.cli(['queue', 'pause', 'default']);
  await stage.cli(['enqueue', 'nobody', '1']);
  const unread = new Piped('status', '| true');
  expect(await unread.code()).toBe((await stage.cli(['status'])).code);
  expect(await unread.code()).toBe(1);
});
