import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tuning } from '../../../tuning.ts';
import { makeDirectory } from '../directories.ts';
import { isNothing } from './contents.ts';
import { requireRoom } from './disk-error.ts';
import { IDENTITY_FILE, type Identity, writeIdentity } from './identity.ts';
import {
  checkpointStopped,
  copyBytes,
  flushFile,
  identityOf,
  inDirectory,
  whetherRunning,
} from './keeper.ts';
import { DATA_FILE, type LmdbJournal, lmdbJournal, readLmdb } from './lmdb-journal.ts';
import { readLogEnd } from './log/log-end.ts';
import { positionOf } from './log/position.ts';
import { checkTree, requireMeta } from './tree/check-tree.ts';

/** @throws Error when a directory is not empty */
export const requireEmpty = (directory: string): void => {
  const first = readdirSync(directory).find((name) => !isNothing(name));
  if (first !== undefined) {
    throw new Error(
      `the directory is not empty, it has ${first}; choose an empty or a new directory`,
    );
  }
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the tree of a running manager has every change that was acknowledged before the call. */
const caughtUp = async (directory: string, tree: LmdbJournal): Promise<void> => {
  const end = readLogEnd(directory).sequence;
  const startedAtMs = performance.now();
  while ((positionOf(tree)?.sequence ?? 0) < end) {
    if (performance.now() - startedAtMs > tuning.catchUpMaxMs) {
      throw new Error(
        `its manager has not written acknowledged changes to ${DATA_FILE} for ${tuning.catchUpMaxMs / 1_000} s; look at millrace status`,
      );
    }
    await sleep(tuning.catchUpLookMs);
  }
};

/** Checks a tree, because LMDB must not meet a damaged page when it copies it. @returns bytes of the copy */
const bytesOfWhole = (directory: string): number =>
  copyBytes(checkTree(join(directory, DATA_FILE)));

/** Copies the tree into a directory that has room for it. */
const copyInto = async (target: string, tree: LmdbJournal, bytes: number): Promise<void> => {
  await inDirectory(target, async () => {
    requireRoom(target, bytes);
    await tree.copyTo(target);
  });
};

const copyStopped = async (directory: string, target: string): Promise<Identity> => {
  const identity = await checkpointStopped(directory);
  const bytes = bytesOfWhole(directory);
  const tree = lmdbJournal(directory, identity.isChecked);
  try {
    await copyInto(target, tree, bytes);
  } finally {
    await tree.close();
  }
  return identity;
};

const copyRunning = async (directory: string, target: string): Promise<Identity> => {
  const identity = identityOf(directory);
  requireMeta(join(directory, DATA_FILE));
  const tree = readLmdb(directory, identity.isChecked);
  try {
    const release = tree.holdSnapshot();
    const bytes = bytesOfWhole(directory);
    release();
    await caughtUp(directory, tree);
    await copyInto(target, tree, bytes);
  } finally {
    await tree.close();
  }
  return identity;
};

/** Removes the files of a backup that failed, so that nobody takes them for a backup. */
const clearBackup = (target: string): void => {
  for (const name of [IDENTITY_FILE, `${IDENTITY_FILE}.new`, DATA_FILE]) {
    rmSync(join(target, name), { force: true });
  }
};

const writeBackup = async (directory: string, target: string): Promise<number> => {
  const identity = await inDirectory(directory, () =>
    whetherRunning(
      directory,
      () => copyStopped(directory, target),
      () => copyRunning(directory, target),
    ),
  );
  const path = join(target, DATA_FILE);
  checkTree(path);
  flushFile(path);
  // The identity comes last: without it the directory is no backup.
  writeIdentity(target, { ...identity, state: 'backup', starts: 0, closed: undefined });
  return statSync(path).size;
};

/**
 * Copies a store into an empty directory, whether a manager has the store open or not. The backup
 * has every change that was acknowledged before the call, and is checked after it is written. A
 * backup that fails leaves nothing behind.
 *
 * @returns bytes of the backup
 * @throws STORE_FAILED
 */
export const backUpStore = async (directory: string, target: string): Promise<number> => {
  await inDirectory(directory, () => identityOf(directory));
  return inDirectory(target, async () => {
    makeDirectory(target);
    requireEmpty(target);
    try {
      return await writeBackup(directory, target);
    } catch (error) {
      clearBackup(target);
      throw error;
    }
  });
};
