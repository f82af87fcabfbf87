import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { diskJournal } from '@millrace/manager/internals';
import { systemClock } from '@millrace/protocol';
import { expect } from 'vitest';

const script = fileURLToPath(new URL('step.mjs', import.meta.url));

/** A digest of all rows of a store. */
export const digestOf = async (directory: string): Promise<string> => {
  const journal = await diskJournal(directory, systemClock);
  const digest = createHash('sha256');
  for (const { key, value } of journal.range('\0', '\xff\xff', Number.MAX_SAFE_INTEGER)) {
    digest.update(`${key.length} ${value.length} ${key}`);
    digest.update(value);
  }
  await journal.close();
  return digest.digest('hex');
};

/** Does a step to a store in a process that dies at this call; whether it lived. */
const lives = (store: string, what: string, diesAt: number, other: string): boolean => {
  const args = [script, what, store, String(diesAt), other];
  const { signal, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (signal !== 'SIGKILL') {
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
  return signal !== 'SIGKILL';
};

/** A step of `steps.mjs`, and what must hold whenever it has died. */
export interface DyingStep {
  readonly store: string;
  readonly what: string;
  /** The other directory that the step needs, such as a backup. */
  readonly other?: string;
  /** Makes the store anew, in a directory that is not there. */
  readonly prepare: () => void;
  readonly check: () => Promise<void>;
}

/**
 * Runs a step again and again, and each time lets it die one call later, until it lives.
 * Returns the number of calls at which it died.
 */
export const atEachCall = async ({
  check,
  other = '',
  prepare,
  store,
  what,
}: DyingStep): Promise<number> => {
  for (let diesAt = 1; ; diesAt++) {
    rmSync(store, { recursive: true, force: true });
    prepare();
    if (lives(store, what, diesAt, other)) {
      return diesAt - 1;
    }
    await check();
  }
};
