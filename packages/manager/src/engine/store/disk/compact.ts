import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { flushDirectory } from '../directories.ts';
import type { Row } from '../journal.ts';
import { COPY_DIRECTORY, clearCopy } from './contents.ts';
import { requireRoom } from './disk-error.ts';
import { type Identity, writeIdentity } from './identity.ts';
import {
  checkpointStopped,
  copyBytes,
  flushFile,
  identityOf,
  inDirectory,
  locked,
} from './keeper.ts';
import { DATA_FILE, lmdbJournal } from './lmdb-journal.ts';
import { noteClosed } from './open-store.ts';
import { checkTree, type TreeFacts } from './tree/check-tree.ts';

/** Rows read at a time, and bytes written at a time, while a tree is copied. */
const SLICE_ROWS = 16;
const BATCH_BYTES = 1_024 * 1_024;
const LAST = '\xff\xff';

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

/** Makes the copy beside the tree. A copy that fails is removed, and the store stays as it was. */
const makeCopy = async (directory: string, aside: string, identity: Identity): Promise<void> => {
  // Rows that a damaged page hides would be lost with the old tree.
  const facts = checkTree(join(directory, DATA_FILE));
  clearCopy(directory);
  requireRoom(directory, copyBytes(facts));
  try {
    mkdirSync(aside);
    const { entries } = await copyRows(directory, aside, identity);
    if (entries !== facts.entries) {
      throw new Error(
        `the copy has ${entries} rows instead of ${facts.entries}; nothing was changed`,
      );
    }
    flushFile(join(aside, DATA_FILE));
  } catch (error) {
    clearCopy(directory);
    throw error;
  }
};

const compact = async (
  directory: string,
): Promise<{ readonly beforeBytes: number; readonly afterBytes: number }> => {
  const identity = await checkpointStopped(directory);
  const path = join(directory, DATA_FILE);
  const beforeBytes = statSync(path).size;
  const aside = join(directory, COPY_DIRECTORY);
  await makeCopy(directory, aside, identity);
  // The copy has all rows and the position in the log, so it may take the place of the tree.
  renameSync(join(aside, DATA_FILE), path);
  flushDirectory(directory);
  clearCopy(directory);
  const present = { ...identityOf(directory), isChecked: true };
  writeIdentity(directory, present);
  noteClosed(directory, present);
  return { beforeBytes, afterBytes: statSync(path).size };
};

/**
 * Writes the tree of a stopped store anew, without its free pages, and adds the checksums that
 * values lack.
 *
 * @throws STORE_IN_USE, STORE_FAILED
 */
export const compactStore = (
  directory: string,
): Promise<{ readonly beforeBytes: number; readonly afterBytes: number }> =>
  inDirectory(directory, () => {
    identityOf(directory);
    return locked(directory, () => compact(directory));
  });
