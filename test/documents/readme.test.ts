import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const quickStart = readme.slice(
  readme.indexOf('## Quick start'),
  readme.indexOf('## What it promises'),
);
const files = [...quickStart.matchAll(/```ts (\S+)\n([\s\S]*?)```/g)];
const commands = (/```sh\n([\s\S]*?)```/.exec(quickStart)?.[1] ?? '').trim().split('\n');

const running: ChildProcess[] = [];
let folder = '';

afterEach(async () => {
  for (const child of running.splice(0).toReversed()) {
    if (child.exitCode === null && child.pid !== undefined) {
      const exited = once(child, 'exit');
      process.kill(-child.pid, 'SIGTERM');
      await exited;
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a line as a shell in the folder would, in a process group of its own. */
const start = (line: string): ChildProcess => {
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  const child = spawn('bash', ['-c', line.replace(/^npx /, 'exec ')], {
    cwd: folder,
    detached: true,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  return child;
};

/** Resolves with the first line that matches, from either stream. */
const lineOf = (child: ChildProcess, wanted: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    const seen: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) {
        createInterface(stream).on('line', (line) => {
          seen.push(line);
          if (wanted.test(line)) {
            resolve(line);
          }
        });
      }
    }
    child.once('exit', (code) => reject(new Error(`exit ${code} after: ${seen.join('\n')}`)));
  });

const outputOf = async (line: string): Promise<string> => {
  const child = start(line);
  let output = '';
  child.stdout?.on('data', (data: Buffer) => {
    output += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
    output += data.toString();
  });
  await once(child, 'close');
  return output;
};

test('the quick start does what it says, as it is printed', async () => {
  expect(commands).toHaveLength(5);
  folder = mkdtempSync(join(root, '.quick-start-'));
  for (const [, name = '', body = ''] of files) {
    writeFileSync(join(folder, name), body);
  }
  const [manager = '', worker = '', app = '', enqueue = '', status = ''] = commands;
  // The port of the quick start may be taken on a machine that runs other tests.
  await lineOf(start(`${manager} --port 0`), /listening on ws:/);
  await lineOf(start(worker), /worker connected/);
  expect(await outputOf(app)).toMatch(/^Hello Ada, from process \d+, attempt 1\n$/);
  expect(await outputOf(enqueue)).toMatch(/^"Hello Grace, from process \d+, attempt 1"\n$/);
  const shown = await outputOf(status);
  expect(shown).toMatch(/^default +0 +0 +0 +2 +0 /m);
  expect(shown).toMatch(/^WORKER /m);
});
