import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { root } from './copy.ts';
import { hunt } from './hunt.ts';
import { readMutants } from './patch-file.ts';

const mutants = readMutants();
/** Mutants that the first seeds catch. */
const sample = [
  '05-lease-outlives-session',
  '10-item-removed-by-its-send',
  '13-bound-checked-once-a-batch',
];
const SEEDS = 30;
/** Time for a few seeds on a slow machine; any other machine needs far less. */
const SECONDS = 120;

test('there are at least fourteen mutants', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(14);
});

test.each(mutants)(
  '$name names the promise that it breaks, and applies',
  ({ patchPath, promise }) => {
    expect(promise).toMatch(/^[A-Z].+: .+\.$/);
    const { status, stderr } = spawnSync('git', ['apply', '--check', patchPath], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
  },
);

test.each(mutants.filter(({ name }) => sample.includes(name)))(
  'the simulation catches $name',
  { timeout: 3 * SECONDS * 1_000 },
  async (mutant) => {
    const end = await hunt(mutant, { seeds: SEEDS, seconds: SECONDS });
    expect(end.complaints).not.toEqual([]);
  },
);
