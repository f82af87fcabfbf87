import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../fixtures/no-code-from-strings.mjs', import.meta.url));

test('client, worker and a manager in memory run where Node makes no code of strings', () => {
  const { stderr, stdout } = spawnSync(
    process.execPath,
    ['--disallow-code-generation-from-strings', program],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ result: 42, mayMakeCode: false });
});
