import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backUpStore, inspectStore, restoreStore } from '@millrace/manager';
import { diskJournal } from '@millrace/manager/internals';
import { codeOf, systemClock } from '@millrace/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpackStore } from '../support/old-store.ts';

const script = fileURLToPath(new URL('damage/step.mjs', import.meta.url));
const TEST_MAX_MS = 120_000;

const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'millrace-keeping-'));
const store = join(base, 'store');

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Does a step in a process that dies at this call; whether it lived. */
const lives = (what: string, diesAt: number, other = ''): boolean => {
  const args = [script, what, store, String(diesAt), other];
  const { signal, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (signal !== 'SIGKILL') {
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
  return signal !== 'SIGKILL';
};

/** A digest of all rows of a store. */
const digestOf = async (directory: string): Promise<string> => {
  const journal = await diskJournal(directory, systemClock);
  const digest = createHash('sha256');
  for (const { key, value } of journal.range('\0', '\xff\xff', Number.MAX_SAFE_INTEGER)) {
    digest.update(`${key.length} ${value.length} ${key}`);
    digest.update(value);
  }
  await journal.close();
  return digest.digest('hex');
};

/** Runs a step again and again, and each time lets it die one call later, until it lives. */
const atEachCall = async (
  prepare: () => void,
  what: string,
  check: () => Promise<void>,
  other = '',
): Promise<number> => {
  for (let diesAt = 1; ; diesAt++) {
    rmSync(store, { recursive: true, force: true });
    prepare();
    if (lives(what, diesAt, other)) {
      return diesAt - 1;
    }
    await check();
  }
};

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
    const calls = await atEachCall(
      () => {},
      'restore',
      async () => {
        const again = await restoreStore(backup, store).catch((error: unknown) => error);
        if (codeOf(again) !== undefined) {
          // It was whole before the process died: a restore replaces no store.
          expect(again).toMatchObject({ message: expect.stringContaining('not empty') });
        }
        expect(await digestOf(store)).toBe(expected.restored);
      },
      backup,
    );
    expect(calls).toBeGreaterThan(15);
  },
  TEST_MAX_MS,
);

test(
  'a compaction that dies at any step leaves a whole store, which says whether all values have checksums',
  async () => {
    const before = join(base, 'before');
    cpSync(whole, before, { recursive: true });
    const calls = await atEachCall(
      () => cpSync(before, store, { recursive: true }),
      'compact',
      async () => {
        expect(await digestOf(store)).toBe(expected.digest);
        expect(await inspectStore(store)).toMatchObject({ findings: [] });
      },
    );
    expect(calls).toBeGreaterThan(10);
    expect(await inspectStore(store)).toMatchObject({ checksums: true, findings: [] });
    expect(await digestOf(store)).toBe(expected.digest);
  },
  TEST_MAX_MS,
);
