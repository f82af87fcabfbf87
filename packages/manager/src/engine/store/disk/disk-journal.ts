import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, codeOf, type Log, MillraceError, silentLog } from '@millrace/protocol';
import { makeDirectory } from '../directories.ts';
import type { Journal } from '../journal.ts';
import { lockByName, lockDirectory } from './directory-lock.ts';
import { sayError } from './disk-error.ts';
import { DATA_FILE } from './lmdb-journal.ts';
import { LoggedJournal } from './logged-journal.ts';
import { noteClosed, openStore } from './open-store.ts';

const refusal = (directory: string, error: unknown): unknown =>
  codeOf(error) === undefined
    ? new MillraceError(
        'STORE_FAILED',
        `cannot open the data directory ${directory}: ${sayError(error)}; --data names another`,
        { cause: error },
      )
    : error;

/**
 * The journal of a data directory: a log before an LMDB file. Makes the directory when it is
 * missing, and locks it until the journal is closed.
 *
 * @throws STORE_IN_USE; STORE_VERSION; STORE_FAILED when the directory cannot be used, or when
 *   its store is not whole
 */
export const diskJournal = async (
  directory: string,
  clock: Clock,
  log: Log = silentLog,
): Promise<Journal> => {
  let closeAll = async (): Promise<void> => {};
  try {
    makeDirectory(directory);
    const path = join(directory, DATA_FILE);
    const isNew = !existsSync(path);
    const unlock = await lockDirectory(directory);
    closeAll = unlock;
    const store = await openStore(directory, log);
    const unlockTree = isNew ? await lockByName(path, directory) : undefined;
    closeAll = async () => {
      try {
        await store.tree.close();
        noteClosed(directory, store.identity);
      } finally {
        await unlockTree?.();
        await unlock();
      }
    };
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= closeAll());
    return new LoggedJournal({ ...store.tree, close }, store.log, clock);
  } catch (error) {
    // The first error is the one that matters.
    await closeAll().catch(() => {});
    throw refusal(directory, error);
  }
};
