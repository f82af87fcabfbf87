import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diskJournal } from '@millrace/manager/internals';
import { systemClock } from '@millrace/protocol';
import { afterAll, expect, test } from 'vitest';
import { unpackStore } from '../support/old-store.ts';

const script = fileURLToPath(new URL('damage/step.mjs', import.meta.url));
const TEST_MAX_MS = 120_000;

const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'millrace-steps-'));
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
): Promise<number> => {
  for (let diesAt = 1; ; diesAt++) {
    rmSync(store, { recursive: true, force: true });
    prepare();
    if (lives(what, diesAt)) {
      return diesAt - 1;
    }
    await check();
  }
};

test(
  'a first start that dies at any step leaves a directory in which the next start makes a store',
  async () => {
    const empty = await digestOf(join(base, 'empty'));
    const calls = await atEachCall(
      () => {},
      'open',
      async () => {
        expect(await digestOf(store)).toBe(empty);
      },
    );
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
    const calls = await atEachCall(
      () => unpackStore('layout-6', store),
      'open',
      async () => {
        expect(await digestOf(store)).toBe(digest);
      },
    );
    expect(calls).toBeGreaterThan(15);
  },
  TEST_MAX_MS,
);
