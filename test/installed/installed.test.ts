import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { commandsOf, filesOf, readDocument, root, section } from '../documents/markdown.ts';
import { InstalledFolder } from './folder.ts';

/** The time in which a new user gets from nothing installed to the last answer, even on a slow machine. */
const BUDGET_MS = 300_000;

const readme = readDocument('README.md');
const quickStart = section(readme, '## Quick start');
const javaScript = section(readDocument('docs/guide/tasks.md'), '## In JavaScript');

const folder = new InstalledFolder();
const startedAtMs = performance.now();

beforeAll(() => folder.install());
afterEach(() => folder.stop());
afterAll(() => {
  folder.remove();
  expect(performance.now() - startedAtMs).toBeLessThan(BUDGET_MS);
});

/** Another test on the machine may use the port of the documents. */
const onFreePort = (line: string): string => `${line} --port 0 --memory`;

const hello = (name: string): RegExp => new RegExp(`Hello ${name}, from process \\d+`);

test('the quick start has at most 40 lines', () => {
  expect(quickStart.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
});

test('the quick start works exactly as it is printed', async () => {
  folder.write(filesOf(quickStart));
  const [init, install, dev = '', enqueue = '', app = '', status = '', ...rest] =
    commandsOf(quickStart);
  expect([init, install]).toEqual(['npm init -y', 'npm install millrace']);
  expect(rest).toEqual([]);
  await folder.start(onFreePort(dev)).line(/worker handles greet \(queue default, process\)/);
  expect(await folder.output(enqueue)).toMatch(hello('Grace'));
  expect(await folder.output(app)).toMatch(hello('Ada'));
  const shown = await folder.output(status);
  expect(shown).toMatch(/^OK {2}manager ws:/);
  expect(shown).toMatch(/^default +0 +0 +0 +0 +0 /m);
});

test.each(['mjs', 'cjs'])(
  'the quick start as .%s works exactly as it is printed',
  async (extension) => {
    folder.write(filesOf(javaScript));
    const commands = commandsOf(javaScript).filter((line) => line.includes(`.${extension}`));
    const [dev = '', app = ''] = commands;
    expect(commands).toHaveLength(2);
    await folder.start(onFreePort(dev)).line(/worker handles greet/);
    expect(await folder.output(app)).toMatch(hello('Ada'));
  },
);

const wantedNode = process.env['INSTALLED_NODE_VERSION'] ?? process.versions.node;

test(`the tests run under Node ${wantedNode}`, async () => {
  expect(`${await folder.output('node -p process.versions.node')}.`).toContain(`${wantedNode}.`);
});

test('import and require give the same package', async () => {
  const required = await folder.output(
    `node -e "console.log(Object.keys(require('millrace')).sort().join())"`,
  );
  const imported = await folder.output(
    `node --input-type=module -e "console.log(Object.keys(await import('millrace')).sort().join())"`,
  );
  expect(imported.replace(/,?module\.exports/, '')).toBe(required);
  expect(required).toContain('defineTask');
});

const types = `import { connect, defineTask, handler, Manager, type Status, TaskFailed, Worker } from 'millrace';
const sum = defineTask<number[], number>('sum');
export const run = async (): Promise<number> => {
  const client = await connect();
  // @ts-expect-error -- a payload of another type does not compile
  await client.enqueue(sum, 'text');
  const status: Status = await client.status();
  const total: number = await (await client.enqueue(sum, [1])).result();
  return total + status.uptimeMs;
};
// @ts-expect-error -- nor does a handler that returns another type
export const wrong = [handler(sum, () => 'text')];
export const used = [Manager, Worker, TaskFailed, handler(sum, (n) => n.length)];
`;

test('the types of the package pass tsc --strict and check the types of their user', () => {
  folder.write([['types.mts', types], ...filesOf(quickStart)]);
  const tsc = spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022'].concat([
      '--allowImportingTsExtensions',
      'types.mts',
      'app.ts',
      'handlers.ts',
    ]),
    { cwd: folder.path('home'), encoding: 'utf8' },
  );
  expect(tsc.stdout).toBe('');
  expect(tsc.status).toBe(0);
});
