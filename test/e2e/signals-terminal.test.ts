import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const millrace = JSON.stringify(import.meta.resolve('millrace'));
const terminal = fileURLToPath(new URL('../support/terminal.py', import.meta.url));
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

const linger = defineTask<null, string>('linger');
const { SIGHUP } = constants.signals;
const CTRL_C = '\u0003';

/** A handler that waits for the stop of its worker, and then takes more than a second. */
const patient = (): string => {
  const file = stage.path('handlers.mjs');
  writeFileSync(
    file,
    `import { defineTask, handler } from ${millrace};
    const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const linger = async (_input, { log }) => {
      log.info('it lingers');
      await new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
      });
      await later(1_200);
      return 'to the end';
    };
    export default [handler(defineTask('linger'), linger)];`,
  );
  return file;
};

/** A command in a terminal of its own. */
const inTerminal = (args: readonly string[]): Child =>
  stage.program('terminal', [
    'python3',
    terminal,
    '--lines',
    process.execPath,
    millraceBin,
    ...args,
  ]);

const order = (child: Child, text: string): void => {
  child.process.stdin?.write(`${text}\n`);
};

test.skipIf(!hasPython).each([
  ['Ctrl-C', `keys ${CTRL_C}`, 'ended 0'],
  // With its terminal gone Node cannot exit, because it cannot restore the terminal.
  ['a hang-up', 'hang-up', `ended -${SIGHUP}`],
])('a worker in a terminal drains at %s', async (_what, text, ended) => {
  await stage.manager();
  const worker = inTerminal(['worker', patient()]);
  await worker.line(/worker handles/);
  const client = await stage.connect();
  const task = await client.enqueue(linger, null);
  await worker.line(/it lingers/);
  order(worker, text);
  expect(await task.result()).toBe('to the end');
  await worker.line(/^ended/);
  expect(worker.stdout.at(-1)).toBe(ended);
});

test.skipIf(!hasPython)('worker --watch in a terminal counts Ctrl-C once', async () => {
  await stage.manager();
  const worker = inTerminal(['worker', patient(), '--watch']);
  await worker.line(/worker handles/);
  const client = await stage.connect();
  const task = await client.enqueue(linger, null);
  await worker.line(/it lingers/);
  order(worker, `keys ${CTRL_C}`);
  expect(await task.result()).toBe('to the end');
  await worker.line(/^ended 0$/);
});
