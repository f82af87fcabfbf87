import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backUpStore, inspectStore, restoreStore } from '@millrace/manager';
import { codeOf } from '@millrace/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryDirectory } from '../support/memory-directory.ts';
import { unpackStore } from '../support/old-store.ts';
import { atEachCall, digestOf } from './damage/dying-steps.ts';

/** Only a hang takes this long. */
const TEST_MAX_MS = 600_000;

const base = memoryDirectory('keeping');
const store = join(base, 'store');

afterAll(() => rmSync(base, { recursive: true, force: true }));

const backup = join(base, 'backup');
const whole = join(base, 'whole');
const expected: { digest: string; restored: string } = { digest: '', restored: '' };

beforeAll(async () => {
  unpackStore('layout-6', whole);
  expected.digest = await digestOf(whole);
  await backUpStore(whole, backup);
  const restored = join(base, 'restored');
  await restoreStore(backup, restored);
  // The secret alone is not restored.
  expected.restored = await digestOf(restored);
});

test(
  'a restore that dies at any step is refused by a manager or is whole, and can be done again',
  async () => {
    const calls = await atEachCall({
      store,
      what: 'restore',
      other: backup,
      prepare: () => {},
      check: async () => {
        const again = await restoreStore(backup, store).catch((error: unknown) => error);
        if (codeOf(again) !== undefined) {
          // It was whole before the process died: a restore replaces no store.
          expect(again).toMatchObject({ message: expect.stringContaining('not empty') });
        }
        expect(await digestOf(store)).toBe(expected.restored);
      },
    });
    expect(calls).toBeGreaterThan(15);
  },
  TEST_MAX_MS,
);

test(
  'a compaction that dies at any step leaves a whole store, which says whether all values have checksums',
  async () => {
    const before = join(base, 'before');
    cpSync(whole, before, { recursive: true });
    const calls = await atEachCall({
      store,
      what: 'compact',
      prepare: () => cpSync(before, store, { recursive: true }),
      check: async () => {
        expect(await digestOf(store)).toBe(expected.digest);
        expect(await inspectStore(store)).toMatchObject({ findings: [] });
      },
    });
    expect(calls).toBeGreaterThan(10);
    expect(await inspectStore(store)).toMatchObject({ checksums: true, findings: [] });
    expect(await digestOf(store)).toBe(expected.digest);
  },
  TEST_MAX_MS,
);
