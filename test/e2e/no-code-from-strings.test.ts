import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const run = (fixture: string): unknown => {
  const program = fileURLToPath(new URL(`../support/fixtures/${fixture}`, import.meta.url));
  const { stderr, stdout } = spawnSync(
    process.execPath,
    ['--disallow-code-generation-from-strings', program],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout);
};

test('client, worker and a manager in memory run where Node makes no code of strings', () => {
  expect(run('no-code-from-strings.mjs')).toEqual({ result: 42, mayMakeCode: false });
});

test('a manager with a store says that it cannot run there, and where it can', () => {
  expect(run('store-and-no-code-from-strings.mjs')).toEqual({
    code: 'BAD_OPTION',
    message: expect.stringMatching(/--disallow-code-generation-from-strings.*in memory/),
  });
});
