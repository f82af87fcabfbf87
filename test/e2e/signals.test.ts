import { execFileSync } from 'node:child_process';
import { promises, writeFileSync } from 'node:fs';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { type Stage, stages } from '../support/stage.ts';
import { stopInTime } from '../support/stop-in-time.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const millrace = JSON.stringify(import.meta.resolve('millrace'));

/** A handler module; its code has `defineTask`, `handler` and `later(ms)`. */
const moduleOf = (code: string): string => {
  const file = stage.path('handlers.mjs');
  writeFileSync(
    file,
    `import { readFileSync, promises } from 'node:fs';
    import { defineTask, handler } from ${millrace};
    const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    ${code}`,
  );
  return file;
};

/** Handlers that heed no signal, in each runner, and one whose process masks SIGTERM. */
const stubborn = (): string =>
  moduleOf(`
    const sleep = async (_input, { log }) => { log.info('it runs'); await later(600_000); };
    const spin = (_input, { log }) => { log.info('it runs'); for (;;); };
    const mask = (_input, { log }) => {
      process.on('SIGTERM', () => {});
      log.info('it runs');
      return later(600_000);
    };
    const of = (name, fn, runner) => handler(defineTask(name), fn, { runner, concurrency: 1 });
    export default [
      of('inline', sleep, 'inline'), of('thread', sleep, 'thread'), of('process', sleep, 'process'),
      of('spinning-thread', spin, 'thread'), of('spinning-process', spin, 'process'),
      of('masking', mask, 'process'),
    ];`);
const stubbornTasks = [
  'inline',
  'thread',
  'process',
  'spinning-thread',
  'spinning-process',
  'masking',
];

/** A handler that goes on for more than a second after the first signal, until the FIFO is written. */
const patient = (): string =>
  moduleOf(`
    const linger = async (_input, { log }) => {
      log.info('it lingers');
      await new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
      });
      await later(1_200);
      log.info('a second later');
      await promises.readFile('fifo');
      return 'to the end';
    };
    export default [handler(defineTask('linger'), linger)];`);

/** A module whose import takes longer than any test. */
const slowToImport = (): string =>
  moduleOf(`process.stderr.write('it imports\\n'); await later(50_000); export default [];`);

const started = async (child: Child, tasks: readonly string[]): Promise<void> => {
  await child.line(/worker handles/);
  const client = await stage.connect();
  for (const name of tasks) {
    const runs = child.nextLine(/it (runs|lingers)/);
    await client.enqueue(defineTask<null>(name), null);
    await runs;
  }
};

const drainMs = { MILLRACE_DRAIN_MS: '3000' };

test('a drain is over within its time whatever runs, and nothing counts as a failure', async () => {
  const worker = await stopInTime(async () => {
    stage = await openStage();
    await stage.manager();
    const busy = stage.command(['worker', stubborn()], drainMs);
    await started(busy, stubbornTasks);
    return busy;
  }, 'SIGTERM');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  const client = await stage.connect();
  const { tasks } = await client.listTasks({});
  expect(tasks).toHaveLength(stubbornTasks.length);
  for (const task of tasks) {
    expect(task).toMatchObject({ state: 'ready', failures: 0 });
  }
});

test('a drain is over within its time although the manager answers nothing', async () => {
  const worker = await stopInTime(async () => {
    stage = await openStage();
    const manager = await stage.manager();
    const busy = stage.command(['worker', stubborn()], drainMs);
    await started(busy, ['inline', 'masking']);
    manager.signal('SIGSTOP');
    return busy;
  }, 'SIGTERM');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
});

test('dev drains and closes its store within the same time', async () => {
  const dev = await stopInTime(async () => {
    stage = await openStage();
    const busy = stage.command(['dev', stubborn(), '--port', '0'], drainMs);
    const [, url = ''] = await busy.line(/listening on (\S+)/);
    await busy.line(/worker handles/);
    for (const name of ['inline', 'masking']) {
      const runs = busy.nextLine(/it runs/);
      await stage.cli(['enqueue', name, 'null', '--url', url]);
      await runs;
    }
    return busy;
  }, 'SIGTERM');
  expect(await dev.exited).toEqual({ code: 0, signal: null });
});

test('a worker ends although an inline handler waits for a file that nobody writes', async () => {
  const read = `async (_input, { log }) => { log.info('it runs'); await promises.readFile('fifo'); }`;
  const worker = await stopInTime(async () => {
    stage = await openStage();
    await stage.manager();
    execFileSync('mkfifo', [stage.path('fifo')]);
    const file = moduleOf(`export default [handler(defineTask('read'), ${read})];`);
    const busy = stage.command(['worker', file], drainMs);
    await started(busy, ['read']);
    return busy;
  }, 'SIGTERM');
  expect(await worker.exited).toEqual({ code: null, signal: 'SIGTERM' });
  expect(worker.output).toMatch(/a call to the file system or a name server does not end/);
});

test('a terminal that closes does not cut a drain, and a second signal does', async () => {
  await stage.manager();
  execFileSync('mkfifo', [stage.path('fifo')]);
  const worker = stage.command(['worker', patient()]);
  await started(worker, ['linger']);
  worker.signal('SIGTERM');
  await worker.line(/a second later/);
  worker.signal('SIGHUP');
  await promises.writeFile(stage.path('fifo'), '');
  expect(await worker.exited).toEqual({ code: 0, signal: null });

  const other = stage.command(['worker', patient()]);
  await started(other, ['linger']);
  other.signal('SIGTERM');
  await other.line(/a second later/);
  other.signal('SIGINT');
  expect(await other.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(other.output).toMatch(/SIGINT again: ending at once/);
});

test.each(['worker', 'dev'])('%s that still imports its handlers ends at once', async (verb) => {
  await stage.manager();
  const args = verb === 'dev' ? ['--memory', '--port', '0'] : [];
  const child = stage.command([verb, slowToImport(), ...args]);
  await child.line(/it imports/);
  expect(await child.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
