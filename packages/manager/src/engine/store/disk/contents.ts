import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from './directory-lock.ts';
import { IDENTITY_FILE } from './identity.ts';
import { DATA_FILE, TREE_LOCK_FILE } from './lmdb-journal.ts';
import { LOG_END_FILE } from './log/log-end.ts';
import { logNames } from './log/log-files.ts';

/** Where a compacted copy of the tree is made. */
export const COPY_DIRECTORY = '.compacting';

/** Files without which there is no store. */
export const storeFiles = [DATA_FILE, ...logNames] as const;

/** Files that a start may make anew. */
const passing = [TREE_LOCK_FILE, `${IDENTITY_FILE}.new`];
const own: ReadonlySet<string> = new Set([
  IDENTITY_FILE,
  LOG_END_FILE,
  LOCK_FILE,
  ...storeFiles,
  ...passing,
]);

/** An entry that any directory may have, such as a mounted disk or one under version control. */
const isHarmless = (name: string): boolean => name.startsWith('.') || name === 'lost+found';

/** Whether an entry of this name leaves a directory empty: a dead process may have left it. */
export const isNothing = (name: string): boolean =>
  isHarmless(name) || name === LOCK_FILE || passing.includes(name);

/** What is in a data directory. */
export interface Contents {
  /** Files of a store: tree and log. */
  readonly found: ReadonlySet<string>;
  /** Entries that no store has. */
  readonly foreign: readonly string[];
}

/** @throws Error when an entry with the name of a store's file is no file */
export const contentsOf = (directory: string): Contents => {
  const names = readdirSync(directory);
  for (const name of names) {
    const isOwn = own.has(name) && name !== LOCK_FILE;
    // A link to a file is as good as the file.
    if (isOwn && statSync(join(directory, name), { throwIfNoEntry: false })?.isFile() !== true) {
      const wayOut = passing.includes(name)
        ? 'move it away'
        : 'put the file back, or restore a backup';
      throw new Error(`${name} is not a file; ${wayOut}`);
    }
  }
  return {
    found: new Set(names.filter((name) => own.has(name) && name !== LOCK_FILE)),
    foreign: names.filter((name) => !own.has(name) && !isHarmless(name)),
  };
};

/** The first of these files that is missing. */
export const missingOf = (contents: Contents, names: readonly string[]): string | undefined =>
  names.find((name) => !contents.found.has(name));

/** Removes all files of a store that has nothing yet, but not its identity. */
export const clearStore = (directory: string): void => {
  for (const name of [...storeFiles, LOG_END_FILE, ...passing]) {
    rmSync(join(directory, name), { force: true });
  }
};

/** Removes a copy that an interrupted compaction has left behind. */
export const clearCopy = (directory: string): void =>
  rmSync(join(directory, COPY_DIRECTORY), { recursive: true, force: true });
