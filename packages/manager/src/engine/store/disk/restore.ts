import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tuning } from '../../../tuning.ts';
import { flushDirectory, makeDirectory } from '../directories.ts';
import type { Write } from '../journal.ts';
import { requireEmpty } from './back-up.ts';
import { clearStore } from './contents.ts';
import { requireRoom } from './disk-error.ts';
import { type Identity, idOf, readIdentity, writeIdentity } from './identity.ts';
import { checkpointStopped, flushFile, identityOf, inDirectory, locked } from './keeper.ts';
import { DATA_FILE, lmdbJournal } from './lmdb-journal.ts';
import { logNames } from './log/log-files.ts';
import { MARK_BYTES } from './log/log-record.ts';
import { apply, decodePosition, POSITION_KEY, positionOf } from './log/position.ts';
import { checkTree } from './tree/check-tree.ts';
import { valueOf } from './tree/checked-value.ts';

/** @throws Error when a tree is not whole, or does not belong to this identity */
const requireTreeOf = (identity: Identity, path: string): void => {
  let id: string | undefined;
  const { bareValues } = checkTree(path, (key, stored) => {
    if (key === POSITION_KEY) {
      id = idOf(decodePosition(valueOf(stored)).mark);
    }
  });
  if (id !== identity.id || (identity.isChecked && bareValues > 0)) {
    throw new Error(`${DATA_FILE} and store.json are not of the same backup; take another backup`);
  }
};

/** The identity of a whole backup. */
const requireBackup = (backup: string): Identity => {
  const found = identityOf(backup);
  if (found.state !== 'backup') {
    throw new Error('this is a store and no backup; millrace store backup makes a backup of it');
  }
  requireTreeOf(found, join(backup, DATA_FILE));
  return found;
};

/** Copies the tree, and gives the copy a new name, so that files of the original store do not fit. */
const copyTree = async (
  backup: string,
  directory: string,
  identity: Identity,
  writes: readonly Write[],
): Promise<Identity> => {
  const path = join(directory, DATA_FILE);
  copyFileSync(join(backup, DATA_FILE), path, constants.COPYFILE_EXCL);
  flushFile(path);
  checkTree(path);
  const tree = lmdbJournal(directory, identity.isChecked);
  const mark = Uint8Array.from(randomBytes(MARK_BYTES));
  const sequence = positionOf(tree)?.sequence ?? 0;
  try {
    await apply(tree, writes, { mark, sequence });
  } finally {
    await tree.close();
  }
  flushDirectory(directory);
  return { ...identity, id: idOf(mark) };
};

const write = async (
  backup: string,
  directory: string,
  identity: Identity,
  writes: readonly Write[],
): Promise<void> => {
  const treeBytes = statSync(join(backup, DATA_FILE)).size;
  requireRoom(directory, treeBytes + logNames.length * tuning.logFileBytes);
  const restored = await copyTree(backup, directory, identity, writes);
  writeIdentity(directory, { ...restored, state: 'renewing' });
  // Makes the log, so that a start finds a whole store.
  await checkpointStopped(directory);
};

/** A failure is no harm: a start refuses any other identity, too, because the files are missing. */
const markUnfinished = (directory: string, restoring: Identity): void => {
  try {
    writeIdentity(directory, restoring);
  } catch {
    // The error of the restore is the one that matters.
  }
};

/**
 * Makes a store of a backup, in an empty directory. A restore that fails leaves an identity in the
 * state `restoring` behind. Without it, a manager that is started there would make an empty store.
 *
 * @param writes rows that must differ from those of the original store
 * @returns bytes of the store
 * @throws STORE_FAILED when the backup is not whole, or the directory is not empty
 */
export const restoreStore = async (
  backup: string,
  directory: string,
  writes: readonly Write[],
): Promise<number> => {
  const identity = await inDirectory(backup, () => requireBackup(backup));
  return inDirectory(directory, () => {
    makeDirectory(directory);
    return locked(directory, async () => {
      const restoring: Identity = { ...identity, state: 'restoring' };
      if (readIdentity(directory)?.state !== 'restoring') {
        requireEmpty(directory);
        writeIdentity(directory, restoring);
      }
      clearStore(directory);
      try {
        await write(backup, directory, identity, writes);
      } catch (error) {
        clearStore(directory);
        markUnfinished(directory, restoring);
        throw error;
      }
      return statSync(join(directory, DATA_FILE)).size;
    });
  });
};
