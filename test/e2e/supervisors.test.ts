import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { readDocument } from '../documents/markdown.ts';
import type { Child, Exit } from '../support/child.ts';
import { type Stage, stages } from '../support/stage.ts';
import { stopInTime } from '../support/stop-in-time.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const millrace = JSON.stringify(import.meta.resolve('millrace'));
const unshare = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const canBeInit = spawnSync(unshare[0] ?? '', [...unshare.slice(1), 'true']).status === 0;

/** Handlers in each runner that wait for the stop, and one whose thread hangs in a system call. */
const handlers = (): string => {
  const file = stage.path('handlers.mjs');
  writeFileSync(
    file,
    `import { readFileSync } from 'node:fs';
    import { defineTask, handler } from ${millrace};
    const sleep = async (_input, { log, signal }) => {
      log.info('it runs');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw signal.reason;
    };
    const hang = (fifo, { log }) => { log.info('it runs'); readFileSync(fifo); };
    export default [
      handler(defineTask('inline'), sleep),
      handler(defineTask('process'), sleep, { runner: 'process', concurrency: 1 }),
      handler(defineTask('hang'), hang, { runner: 'thread', concurrency: 1 }),
    ];`,
  );
  return file;
};

const settingIn = (unit: string, name: string): string | undefined =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(readDocument(join('deploy', unit)))?.[1];

/** Signals that systemd takes for a clean end. */
const CLEAN: readonly (string | null)[] = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];

/** Whether systemd restarts a unit after an end that it did not ask for (systemd.service(5)). */
const restarts = (unit: string, { code, signal }: Exit): boolean => {
  const prevented = settingIn(unit, 'RestartPreventExitStatus')?.split(' ') ?? [];
  if (prevented.includes(String(code))) {
    return false;
  }
  const isClean = code === 0 || CLEAN.includes(signal);
  const restart = settingIn(unit, 'Restart');
  return restart === 'always' || (restart === 'on-failure' && !isClean);
};

const WORKER = 'millrace-worker.service';
const MANAGER = 'millrace-manager.service';

const startWorker = async (env: NodeJS.ProcessEnv = {}): Promise<Child> => {
  const worker = stage.command(['worker', handlers(), '--name', 'mill'], env);
  await worker.line(/worker handles/);
  return worker;
};

const occupy = async (worker: Child, name: string, payload: unknown = null): Promise<void> => {
  const runs = worker.nextLine(/it runs/);
  await (await stage.connect()).enqueue(defineTask(name), payload);
  await runs;
};

test('systemd restarts a worker that was killed, and none that an operator drained', async () => {
  await stage.manager();
  const killed = await startWorker();
  expect(restarts(WORKER, await killed.end('SIGKILL'))).toBe(true);
  const drained = await startWorker();
  await stage.cli(['worker', 'drain', 'mill']);
  expect(restarts(WORKER, await drained.exited)).toBe(false);
  expect(restarts(WORKER, { code: 1, signal: null })).toBe(true);
});

test('systemd does not restart a worker that no restart can correct', async () => {
  await stage.manager();
  const noModule = stage.command(['worker', stage.path('missing.mjs')]);
  const wrongKey = stage.command(['worker', handlers()], { MILLRACE_AUTHKEY: 'wrong' });
  for (const worker of [noModule, wrongKey]) {
    expect(restarts(WORKER, await worker.exited)).toBe(false);
  }
});

test('systemd restarts a manager that was killed, and none whose settings or store are wrong', async () => {
  const killed = await stage.manager();
  expect(restarts(MANAGER, await killed.end('SIGKILL'))).toBe(true);
  const stopped = await stage.manager();
  expect(restarts(MANAGER, await stopped.end('SIGTERM'))).toBe(false);
  const wrong = stage.command(['manager', '--memory'], { MILLRACE_PORT: 'x' });
  expect(restarts(MANAGER, await wrong.exited)).toBe(false);
  expect(restarts(MANAGER, { code: 4, signal: null })).toBe(false);
  // Another manager has the store: a restart takes over when that one ends.
  await stage.manager();
  const second = stage.launchManager();
  expect(restarts(MANAGER, await second.exited)).toBe(true);
});

test('the units leave more time for a stop than it takes', () => {
  const drainS =
    Number(/`worker\.drainMs`.*\| (\d+) \|/.exec(readDocument('docs/guide/cli.md'))?.[1]) / 1_000;
  expect(drainS).toBeGreaterThan(0);
  expect(Number(settingIn(WORKER, 'TimeoutStopSec'))).toBeGreaterThan(drainS);
  // KillMode=mixed: SIGTERM to the worker alone, so that its processes can finish.
  expect(settingIn(WORKER, 'KillMode')).toBe('mixed');
});

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

const isGone = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
};

test('SIGINT and 1.6 s, as pm2 stops, are enough for a drain of 1.5 s', async () => {
  let slot = 0;
  const worker = await stopInTime(async () => {
    stage = await openStage();
    await stage.manager();
    const busy = await startWorker({ MILLRACE_DRAIN_MS: '1500' });
    await occupy(busy, 'inline');
    await occupy(busy, 'process');
    [slot = 0] = childrenOf(busy.pid);
    return busy;
  }, 'SIGINT');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  await expect.poll(() => isGone(slot)).toBe(true);
});

/** An application whose package scripts run the CLI. */
const npmApplication = (): void => {
  const bin = JSON.stringify(millraceBin);
  const script = (args: string): string => `${process.execPath} ${bin} ${args}`;
  const scripts = {
    manager: script('manager --memory --port 0'),
    worker: script(`worker ${handlers()}`),
  };
  writeFileSync(stage.path('package.json'), JSON.stringify({ private: true, scripts }));
};

const pidIn = async (child: Child): Promise<number> => {
  const [, pid = ''] = await child.line(/"pid":(\d+)/);
  return Number(pid);
};

test.each(['manager', 'worker'])(
  'a %s stops when SIGTERM or SIGKILL ends the npm that runs it',
  async (verb) => {
    await stage.manager();
    npmApplication();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const npm = stage.program('npm', ['npm', 'run', verb]);
      await npm.line(/manager started|worker handles/);
      const pid = await pidIn(npm);
      npm.signal(signal);
      // The command has the other ends of the pipes.
      await npm.closed;
      await expect.poll(() => isGone(pid)).toBe(true);
      expect(npm.output).toMatch(/SIGTERM: (stopping|draining)/);
    }
  },
);

test('a worker under a shell is not ended when the shell ends', async () => {
  await stage.manager();
  const shell = stage.program('shell', [
    'bash',
    '-c',
    `"$0" "$1" worker ${handlers()} & read -r; exit 0`,
    process.execPath,
    millraceBin,
  ]);
  const pid = await pidIn(shell);
  await shell.line(/worker handles/);
  shell.process.stdin?.write('\n');
  await shell.exited;
  await stage.cli(['check', 'live']);
  expect(isGone(pid)).toBe(false);
  process.kill(pid, 'SIGTERM');
  await shell.closed;
});

test.skipIf(!canBeInit)(
  'as the init process of a container a worker drains, and ends although a thread hangs',
  async () => {
    await stage.manager();
    spawnSync('mkfifo', [stage.path('fifo')]);
    for (const name of ['inline', 'hang']) {
      const command = [
        'env',
        'MILLRACE_DRAIN_MS=1500',
        process.execPath,
        millraceBin,
        'worker',
        handlers(),
      ];
      const init = stage.program('init', [...unshare, ...command]);
      await init.line(/"pid":1,.*worker handles/);
      await occupy(init, name, stage.path('fifo'));
      const [pid = 0] = childrenOf(init.pid);
      process.kill(pid, 'SIGTERM');
      await init.closed;
      expect(init.output).toMatch(/SIGTERM: draining/);
      await expect.poll(() => isGone(pid)).toBe(true);
      expect(/a thread is stuck/.test(init.output)).toBe(name === 'hang');
    }
  },
);
