import { type Clock, codeOf, MillraceError, messageOf } from '@millrace/protocol';
import { makeDirectory } from '../directories.ts';
import type { Journal } from '../journal.ts';
import { lockDirectory } from './directory-lock.ts';
import { lmdbJournal } from './lmdb-journal.ts';
import { closeLogFiles, type LogFiles, makeLogFiles, openLogFiles } from './log/log-files.ts';
import { beginLog, resumeLog } from './log/open-log.ts';
import { type Position, positionOf } from './log/position.ts';
import type { WriteAheadLog } from './log/write-ahead-log.ts';
import { LoggedJournal } from './logged-journal.ts';

/** Closes the files if the log cannot be opened. */
const orClosed = async (
  files: LogFiles,
  open: () => Promise<WriteAheadLog>,
): Promise<WriteAheadLog> => {
  try {
    return await open();
  } catch (error) {
    await closeLogFiles(files);
    throw error;
  }
};

const hasRows = (tree: Journal): boolean => tree.range('\0', '\xff', 1).length > 0;

/** @throws STORE_VERSION when the tree has rows and no log */
const newLog = async (directory: string, tree: Journal): Promise<WriteAheadLog> => {
  if (hasRows(tree)) {
    throw new MillraceError(
      'STORE_VERSION',
      `the store in ${directory} has no log: open it with the version of millrace that wrote it`,
    );
  }
  // Files that an interrupted start left behind are replaced.
  const files = await makeLogFiles(directory);
  return orClosed(files, () => beginLog(files, tree));
};

const oldLog = async (
  directory: string,
  tree: Journal,
  position: Position,
): Promise<WriteAheadLog> => {
  const files = await openLogFiles(directory);
  return orClosed(files, () => resumeLog(files, tree, position));
};

const openLog = (directory: string, tree: Journal): Promise<WriteAheadLog> => {
  const position = positionOf(tree);
  return position === undefined ? newLog(directory, tree) : oldLog(directory, tree, position);
};

const refusal = (directory: string, error: unknown): unknown =>
  codeOf(error) === undefined
    ? new MillraceError(
        'STORE_FAILED',
        `cannot open the data directory ${directory}: ${messageOf(error)}; --data names another`,
        { cause: error },
      )
    : error;

/**
 * The journal of a data directory: a log before an LMDB file. Makes the directory when it is
 * missing, and locks it until the journal is closed.
 *
 * @throws STORE_IN_USE; STORE_VERSION; STORE_FAILED when the directory cannot be used, or its log is damaged
 */
export const diskJournal = async (directory: string, clock: Clock): Promise<Journal> => {
  let closeAll = async (): Promise<void> => {};
  try {
    makeDirectory(directory);
    const unlock = await lockDirectory(directory);
    closeAll = unlock;
    const store = lmdbJournal(directory);
    closeAll = async () => {
      try {
        await store.close();
      } finally {
        await unlock();
      }
    };
    const tree = { ...store, close: closeAll };
    return new LoggedJournal(tree, await openLog(directory, tree), clock);
  } catch (error) {
    // The first error is the one that matters.
    await closeAll().catch(() => {});
    throw refusal(directory, error);
  }
};
