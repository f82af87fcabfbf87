import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const main = fileURLToPath(import.meta.resolve('example-tree-digest/main'));

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tree-digest-demo-'));
  await mkdir(join(directory, 'tree'));
  const names = Array.from({ length: 520 }, (_, index) => `${index}.txt`);
  await Promise.all(
    names.map((name) => writeFile(join(directory, 'tree', name), `mill race ${name}\n`)),
  );
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test('the demo kills a worker, loses no task, and prints the totals of the direct computation', async () => {
  const demo = spawn(process.execPath, [main, join(directory, 'tree')], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = await Promise.all([text(demo.stdout), once(demo, 'exit')]);
  expect(printed).toContain('worker-1 was killed with SIGKILL');
  expect(printed).toContain('files       520 read, 0 gone');
  expect(printed).toContain('enqueued    14 = 14 succeeded + 0 dead');
  expect(printed).toMatch(/^OK: nothing was lost/m);
  // Piped output goes to files and logs, so it has no cursor movements.
  expect(printed).toMatch(/^[\n -~]*$/);
  expect(demo.exitCode).toBe(0);
});
