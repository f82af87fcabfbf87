import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, MillraceError, silentLog } from '@millrace/protocol';
import { lockDirectory } from './directory-lock.ts';
import { sayError } from './disk-error.ts';
import { type Identity, readIdentity } from './identity.ts';
import { DATA_FILE } from './lmdb-journal.ts';
import { noteClosed, openStore } from './open-store.ts';
import type { TreeFacts } from './tree/check-tree.ts';

/** Shared by the commands that work on the directory of a store, beside a manager or without one. */

/** Runs a step of work on a directory, and names the directory in the error. @throws STORE_FAILED */
export const inDirectory = async <T>(directory: string, act: () => Promise<T> | T): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    throw codeOf(error) === undefined
      ? new MillraceError('STORE_FAILED', `the store in ${directory}: ${sayError(error)}`, {
          cause: error,
        })
      : error;
  }
};

const noIdentity = (directory: string): string => {
  if (!existsSync(directory)) {
    return 'there is no such directory';
  }
  return existsSync(join(directory, DATA_FILE))
    ? `store.json is missing beside ${DATA_FILE}: if this is a backup, it was interrupted, so make another; if this is a store, the next start of a manager writes the file`
    : 'there is no store, because store.json is missing; a manager makes a store at its start';
};

/** The identity of a store or backup. @throws Error when the directory has neither */
export const identityOf = (directory: string): Identity => {
  const identity = readIdentity(directory);
  if (identity === undefined) {
    throw new Error(noIdentity(directory));
  }
  return identity;
};

/** Holds the lock of a directory during `act`, so that no manager opens it. @throws STORE_IN_USE */
export const locked = async <T>(directory: string, act: () => Promise<T> | T): Promise<T> => {
  const unlock = await lockDirectory(directory);
  try {
    return await act();
  } finally {
    await unlock();
  }
};

/** Calls `stopped` under the lock of the store, or `running` if a manager has the store open. */
export const whetherRunning = async <T>(
  directory: string,
  stopped: () => Promise<T> | T,
  running: () => Promise<T> | T,
): Promise<T> => {
  try {
    return await locked(directory, stopped);
  } catch (error) {
    if (codeOf(error) !== 'STORE_IN_USE') {
      throw error;
    }
  }
  return running();
};

/** Brings the changes of the log of a stopped store to its tree. */
export const checkpointStopped = async (directory: string): Promise<Identity> => {
  const { identity, log, tree } = await openStore(directory, silentLog);
  await log.close();
  await tree.close();
  noteClosed(directory, identity);
  return identity;
};

/** Bytes of a copy of a tree, which has no free pages. */
export const copyBytes = ({ freePages, pageBytes, pages }: TreeFacts): number =>
  (pages - freePages) * pageBytes;

export const flushFile = (path: string): void => {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
