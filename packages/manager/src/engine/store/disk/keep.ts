import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf, MillraceError, messageOf, silentLog } from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import { flushDirectory, makeDirectory } from '../directories.ts';
import type { Row, Write } from '../journal.ts';
import { COPY_DIRECTORY, clearCopy, isNothing } from './contents.ts';
import { lockDirectory } from './directory-lock.ts';
import { type Identity, readIdentity, writeIdentity } from './identity.ts';
import { DATA_FILE, type LmdbJournal, lmdbJournal, readLmdb } from './lmdb-journal.ts';
import { readLogEnd } from './log/log-end.ts';
import { MARK_BYTES } from './log/log-record.ts';
import { apply, positionOf } from './log/position.ts';
import { noteClosed, openStore } from './open-store.ts';
import { checkTree, type TreeFacts } from './tree/check-tree.ts';
import { isMarked, valueOf } from './tree/checked-value.ts';

/** A store as it was seen. */
export interface Seen {
  readonly id: string;
  readonly isRunning: boolean;
  readonly isChecked: boolean;
  readonly treeBytes: number;
  readonly entries: number;
  /** Undefined while a manager has the store open. */
  readonly tree: TreeFacts | undefined;
}

export type VisitRow = (key: string, value: Uint8Array) => void;

/** Rows read at a time, and bytes written at a time, while a tree is copied. */
const SLICE_ROWS = 16;
const BATCH_BYTES = 1_024 * 1_024;
const LAST = '\xff\xff';

const failed = (directory: string, error: unknown): unknown =>
  codeOf(error) === undefined
    ? new MillraceError('STORE_FAILED', `the store in ${directory}: ${messageOf(error)}`, {
        cause: error,
      })
    : error;

const inDirectory = async <T>(directory: string, act: () => Promise<T> | T): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    throw failed(directory, error);
  }
};

/** The identity of a directory that must have a store. */
const identityOf = (directory: string): Identity => {
  const identity = existsSync(directory) ? readIdentity(directory) : undefined;
  if (identity === undefined) {
    throw new Error('there is no store: store.json is missing; a manager makes it at its start');
  }
  return identity;
};

/** Runs something while no manager has the store open. @throws STORE_IN_USE */
const locked = async <T>(directory: string, act: () => Promise<T> | T): Promise<T> => {
  const unlock = await lockDirectory(directory);
  try {
    return await act();
  } finally {
    await unlock();
  }
};

/** Does one thing to a store that is stopped, and another to one that a manager has open. */
const whetherRunning = async <T>(
  directory: string,
  stopped: () => Promise<T>,
  running: () => Promise<T>,
): Promise<T> => {
  identityOf(directory);
  try {
    return await locked(directory, stopped);
  } catch (error) {
    if (codeOf(error) !== 'STORE_IN_USE') {
      throw error;
    }
  }
  return running();
};

/** Brings the log of a stopped store to its tree. */
const settle = async (directory: string): Promise<Identity> => {
  const { identity, log, tree } = await openStore(directory, silentLog);
  await log.close();
  await tree.close();
  noteClosed(directory, identity);
  return identity;
};

const seenOf = (directory: string, identity: Identity, tree: TreeFacts): Seen => ({
  id: identity.id,
  isRunning: false,
  isChecked: tree.bareValues === 0,
  treeBytes: statSync(join(directory, DATA_FILE)).size,
  entries: tree.entries,
  tree,
});

const readStopped = async (directory: string, visit: VisitRow): Promise<Seen> => {
  const found = identityOf(directory);
  const identity = found.state === 'backup' ? found : await settle(directory);
  const facts = checkTree(join(directory, DATA_FILE), (key, stored) =>
    visit(key, isMarked(stored) ? valueOf(stored) : stored),
  );
  if (identity.isChecked && facts.bareValues > 0) {
    throw new Error(`${DATA_FILE} is damaged: a value has no checksum; restore a backup`);
  }
  return seenOf(directory, identity, facts);
};

/** LMDB lets another process read a tree that is open. The manager is not asked. */
const readRunning = async (directory: string, visit: VisitRow): Promise<Seen> => {
  const identity = identityOf(directory);
  const tree = readLmdb(directory, identity.isChecked);
  let entries = 0;
  try {
    tree.forEach((key, value) => {
      entries += 1;
      visit(key, value);
    });
  } finally {
    await tree.close();
  }
  return {
    id: identity.id,
    isRunning: true,
    isChecked: identity.isChecked,
    treeBytes: statSync(join(directory, DATA_FILE)).size,
    entries,
    tree: undefined,
  };
};

/**
 * Reads every row of a store, in order of the keys, and checks its checksum. Of a store that no
 * manager has open it also checks each page.
 *
 * @throws STORE_FAILED with the first damage
 */
export const readStore = (directory: string, visit: VisitRow): Promise<Seen> =>
  inDirectory(directory, () =>
    whetherRunning(
      directory,
      () => readStopped(directory, visit),
      () => readRunning(directory, visit),
    ),
  );

const flushFile = (path: string): void => {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** A directory for new files: it is made when it is missing, and must be empty. */
const requireEmpty = (directory: string): void => {
  makeDirectory(directory);
  const first = readdirSync(directory).find((name) => !isNothing(name));
  if (first !== undefined) {
    throw new Error(`it is not empty: it has ${first}; choose an empty or a new directory`);
  }
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the tree of a running manager has everything that was acknowledged before. */
const caughtUp = async (directory: string, tree: LmdbJournal): Promise<void> => {
  const end = readLogEnd(directory);
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

const copyStopped = async (directory: string, target: string): Promise<Identity> => {
  const identity = await settle(directory);
  const tree = lmdbJournal(directory, identity.isChecked);
  try {
    await tree.copyTo(target);
  } finally {
    await tree.close();
  }
  return identity;
};

const copyRunning = async (directory: string, target: string): Promise<Identity> => {
  const identity = identityOf(directory);
  const tree = readLmdb(directory, identity.isChecked);
  try {
    await caughtUp(directory, tree);
    await tree.copyTo(target);
  } finally {
    await tree.close();
  }
  return identity;
};

/** Copies the tree of a store, with everything that was acknowledged before the call. */
const copyTree = (directory: string, target: string): Promise<Identity> =>
  whetherRunning(
    directory,
    () => copyStopped(directory, target),
    () => copyRunning(directory, target),
  );

/**
 * Copies a store into an empty directory, while a manager has it open or not. The backup has
 * every change that was acknowledged before the call, and is checked when it is written.
 *
 * @throws STORE_FAILED
 */
export const backUpStore = async (directory: string, target: string): Promise<Seen> => {
  await inDirectory(target, () => requireEmpty(target));
  const identity = await inDirectory(directory, () => copyTree(directory, target));
  return inDirectory(target, () => {
    const facts = checkTree(join(target, DATA_FILE));
    flushFile(join(target, DATA_FILE));
    const backup: Identity = { ...identity, state: 'backup', starts: 0, closed: undefined };
    // The identity comes last: without it the directory is no backup.
    writeIdentity(target, backup);
    return seenOf(target, backup, facts);
  });
};

/**
 * Makes a store of a backup, in an empty directory.
 *
 * @param writes changes of rows that must differ from the store that was backed up
 * @throws STORE_FAILED when the backup is not whole, or the directory is not empty
 */
export const restoreStore = async (
  backup: string,
  directory: string,
  writes: readonly Write[],
): Promise<Seen> => {
  const identity = await inDirectory(backup, () => {
    const found = identityOf(backup);
    if (found.state !== 'backup') {
      throw new Error('it is a store and no backup; millrace store backup makes one');
    }
    checkTree(join(backup, DATA_FILE));
    return found;
  });
  return inDirectory(directory, async () => {
    makeDirectory(directory);
    if (readIdentity(directory)?.state !== 'restoring') {
      requireEmpty(directory);
    }
    return locked(directory, async () => {
      writeIdentity(directory, { ...identity, state: 'restoring' });
      const path = join(directory, DATA_FILE);
      rmSync(path, { force: true });
      copyFileSync(join(backup, DATA_FILE), path, constants.COPYFILE_EXCL);
      flushFile(path);
      const facts = checkTree(path);
      const tree = lmdbJournal(directory, identity.isChecked);
      // Files of the store that was backed up must not pass for files of this one.
      const mark = Uint8Array.from(randomBytes(MARK_BYTES));
      const sequence = positionOf(tree)?.sequence ?? 0;
      try {
        await apply(tree, writes, { mark, sequence });
      } finally {
        await tree.close();
      }
      flushDirectory(directory);
      const restored: Identity = { ...identity, id: Buffer.from(mark).toString('hex') };
      writeIdentity(directory, { ...restored, state: 'renewing' });
      // Makes the log, so that a start finds a whole store.
      await settle(directory);
      return seenOf(directory, restored, facts);
    });
  });
};

/**
 * Writes the tree of a stopped store anew, without its free pages, and gives each value a
 * checksum that has none.
 *
 * @throws STORE_IN_USE, STORE_FAILED
 */
export const compactStore = (
  directory: string,
): Promise<{ readonly beforeBytes: number; readonly seen: Seen }> =>
  inDirectory(directory, () => {
    identityOf(directory);
    return locked(directory, async () => {
      const identity = await settle(directory);
      const beforeBytes = statSync(join(directory, DATA_FILE)).size;
      const aside = join(directory, COPY_DIRECTORY);
      // Rows that a damaged page hides would be gone with the old tree.
      const { entries } = checkTree(join(directory, DATA_FILE));
      clearCopy(directory);
      mkdirSync(aside);
      const facts = await copyRows(directory, aside, identity).catch((error: unknown) => {
        clearCopy(directory);
        throw error;
      });
      if (facts.entries !== entries) {
        throw new Error(
          `the copy has ${facts.entries} rows instead of ${entries}; nothing was changed`,
        );
      }
      flushFile(join(aside, DATA_FILE));
      // The copy has all rows and the position in the log, so it may take the place of the tree.
      renameSync(join(aside, DATA_FILE), join(directory, DATA_FILE));
      flushDirectory(directory);
      clearCopy(directory);
      const present = { ...identityOf(directory), isChecked: true };
      writeIdentity(directory, present);
      noteClosed(directory, present);
      return { beforeBytes, seen: seenOf(directory, present, facts) };
    });
  });

/** Copies all rows into a new tree, whose values all have a checksum. */
const copyRows = async (
  directory: string,
  aside: string,
  identity: Identity,
): Promise<TreeFacts> => {
  const from = lmdbJournal(directory, identity.isChecked);
  const into = lmdbJournal(aside);
  try {
    let batch: Row[] = [];
    let bytes = 0;
    for (let rows = from.range('\0', LAST, SLICE_ROWS); rows.length > 0; ) {
      batch.push(...rows);
      bytes += rows.reduce((sum, { value }) => sum + value.length, 0);
      rows = from.range(`${rows.at(-1)?.key}\0`, LAST, SLICE_ROWS);
      if (bytes >= BATCH_BYTES || rows.length === 0) {
        await into.commit(batch);
        batch = [];
        bytes = 0;
      }
    }
  } finally {
    await into.close();
    await from.close();
  }
  return checkTree(join(aside, DATA_FILE));
};
