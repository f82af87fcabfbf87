import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { memoryDirectory } from '../support/memory-directory.ts';
import { unpackStore } from '../support/old-store.ts';
import { atEachCall, digestOf } from './damage/dying-steps.ts';

/** Only a hang takes this long. */
const TEST_MAX_MS = 600_000;

const base = memoryDirectory('steps');
const store = join(base, 'store');

afterAll(() => rmSync(base, { recursive: true, force: true }));

test(
  'a first start that dies at any step leaves a directory in which the next start makes a store',
  async () => {
    const empty = await digestOf(join(base, 'empty'));
    const calls = await atEachCall({
      store,
      what: 'open',
      prepare: () => {},
      check: async () => {
        expect(await digestOf(store)).toBe(empty);
      },
    });
    expect(calls).toBeGreaterThan(15);
  },
  TEST_MAX_MS,
);

test(
  'the first start on a store of an earlier millrace may die at any step, and every row is there',
  async () => {
    const whole = join(base, 'whole');
    unpackStore('layout-6', whole);
    const digest = await digestOf(whole);
    const calls = await atEachCall({
      store,
      what: 'open',
      prepare: () => unpackStore('layout-6', store),
      check: async () => {
        expect(await digestOf(store)).toBe(digest);
      },
    });
    expect(calls).toBeGreaterThan(15);
  },
  TEST_MAX_MS,
);
