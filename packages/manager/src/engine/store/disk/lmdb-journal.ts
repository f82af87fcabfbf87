import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import type { Journal, JournalSpace, Row, Write } from '../journal.ts';
import { readKey, writeKey } from '../key-bytes.ts';
import { errorNameOf, roomOf } from './disk-error.ts';
import { CHECK_BYTES, seenAs, valueOf, writeChecked } from './tree/checked-value.ts';

export const DATA_FILE = 'data.mdb';
export const TREE_LOCK_FILE = 'lock.mdb';

const keyEncoder = {
  writeKey(key: string, target: Buffer, start: number): number {
    if (start + key.length > target.length) {
      // LMDB expects this error when the buffer is too small, and tries again with a larger one.
      throw new RangeError('the key does not fit');
    }
    return writeKey(key, target, start);
  },
  readKey,
};

const spaceOf = (directory: string): JournalSpace => ({
  usedBytes: statSync(join(directory, DATA_FILE)).size,
  ...roomOf(directory),
});

type Store = RootDatabase<Buffer, string>;

/** Options of the library, with those that its types lack. */
type StoreOptions = RootDatabaseOptionsWithPath & {
  readonly txnStartThreshold: number;
  readonly batchStartThreshold: number;
};

const openStore = (directory: string, readOnly = false): Store => {
  const options: StoreOptions = {
    path: directory,
    readOnly,
    noSubdir: false,
    encoding: 'binary',
    keyEncoder,
    overlappingSync: false,
    cache: false,
    // One `commit` is one transaction, which begins at once; by default a transaction
    // begins one turn of the event loop later and takes in other writes.
    eventTurnBatching: false,
    txnStartThreshold: 1,
    batchStartThreshold: Number.POSITIVE_INFINITY,
  };
  return open<Buffer, string>(options);
};

/**
 * The disk's error for a failed commit. LMDB rejects the writes with an error that names no
 * cause, but has a promise that is rejected with the cause in the same turn. Unhandled, that
 * rejection would end the process.
 */
const causeOf = async (failure: unknown): Promise<unknown> => {
  if (!(failure instanceof Error && 'commitError' in failure)) {
    return failure;
  }
  const told = Promise.resolve(failure.commitError).then(
    () => failure,
    (cause: unknown) => cause,
  );
  const endOfTurn = new Promise<unknown>((resolve) => setImmediate(resolve, failure));
  return Promise.race([told, endOfTurn]);
};

const bytesOf = (writes: readonly Write[]): number => {
  let bytes = 0;
  for (const { value } of writes) {
    bytes += value === undefined ? 0 : CHECK_BYTES + value.length;
  }
  return bytes;
};

const commit = async (store: Store, writes: readonly Write[]): Promise<void> => {
  // One piece of memory for all values, which the library reads until the commit has ended.
  const values = Buffer.allocUnsafeSlow(bytesOf(writes));
  let at = 0;
  const committed = store.batch(() => {
    for (const { key, value } of writes) {
      if (value === undefined) {
        void store.remove(key);
      } else {
        const end = writeChecked(key, value, values, at);
        void store.put(key, values.subarray(at, end));
        at = end;
      }
    }
  });
  // LMDB would write the first batch at the end of the turn; a second one starts the write now.
  store.batch(() => {}).catch(() => {});
  try {
    await committed;
  } catch (error) {
    throw await causeOf(error);
  }
  // Reads in this turn must see the new commit, not an older snapshot.
  store.resetReadTxn();
};

const damaged = (key: string, what: string): never => {
  throw new Error(
    `${DATA_FILE} is damaged: the value of the key ${JSON.stringify(key)} has ${what}; restore a backup, millrace store check shows all damage`,
  );
};

/** The value of a stored one, without its checksum. A view of `stored`. */
const opened = (key: string, stored: Buffer, isChecked: boolean): Uint8Array => {
  switch (seenAs(key, stored)) {
    case 'checked':
      return valueOf(stored);
    case 'bare':
      return isChecked ? damaged(key, 'no checksum') : stored;
    default:
      return damaged(key, 'a wrong checksum');
  }
};

/**
 * A copy of a value. The library's own copy allocates memory for each value, which costs more
 * than reading a small one. The library lends its whole buffer, of which `length` bytes are
 * the value.
 */
const read = (store: Store, key: string, isChecked: boolean): Buffer | undefined => {
  const lent = store.getBinaryFast(key);
  return (
    lent &&
    Buffer.from(opened(key, Buffer.from(lent.buffer, lent.byteOffset, lent.length), isChecked))
  );
};

/** A descending range of LMDB includes its start and excludes its end. */
const BEFORE_ALL = '\0';

const lastKey = (store: Store, from: string, to: string): string | undefined => {
  for (const key of store.getKeys({ start: to, end: BEFORE_ALL, reverse: true })) {
    if (key < to) {
      return key < from ? undefined : key;
    }
  }
  return undefined;
};

const readRange = (
  store: Store,
  from: string,
  to: string,
  limit: number,
  isChecked: boolean,
): Row[] => {
  const rows: Row[] = [];
  for (const { key, value } of store.getRange({ start: from, end: to, limit })) {
    rows.push({ key, value: opened(key, value, isChecked) });
  }
  return rows;
};

/** A journal in an LMDB file, and what its keeper needs beside it. */
export interface LmdbJournal extends Journal {
  /** Copies the file as it is now into another directory, without its free pages; writes may go on. */
  copyTo(target: string): Promise<void>;
}

const journalOf = (store: Store, directory: string, isChecked: boolean): LmdbJournal => ({
  name: 'lmdb',
  get: (key) => read(store, key, isChecked),
  lastKey: (from, to) => lastKey(store, from, to),
  range: (from, to, limit) => readRange(store, from, to, limit, isChecked),
  commit: (writes) => commit(store, writes),
  space: () => spaceOf(directory),
  close: () => store.close(),
  copyTo: async (target) => {
    await store.backup(target, true);
  },
});

/**
 * A journal in an LMDB file in this directory. With `overlappingSync: false` a commit becomes
 * visible, and its promise resolves, only when it is flushed. LMDB maps the file and trusts
 * it: a file of unknown origin goes through `checkTree` first.
 *
 * @param isChecked whether a value without a checksum is damage; millrace 0.1 wrote none
 * @throws Error when the directory cannot be used
 */
export const lmdbJournal = (directory: string, isChecked = true): LmdbJournal =>
  journalOf(openStore(directory), directory, isChecked);

/** A tree that another process may have open, for reading alone. */
export interface LmdbReader extends LmdbJournal {
  /** Keeps LMDB from reusing any page of the present tree until the returned function is called. */
  holdSnapshot(): () => void;
}

/** A manager reuses pages under a reader that is not in its `lock.mdb`, so the file must be there. */
const requireReaderTable = (directory: string): void => {
  try {
    closeSync(openSync(join(directory, TREE_LOCK_FILE), 'r+'));
  } catch (error) {
    if (errorNameOf(error) === 'ENOENT') {
      throw new Error(
        `${TREE_LOCK_FILE} is missing while a manager has the store open; start the manager again, which makes the file`,
        { cause: error },
      );
    }
    throw error;
  }
};

/** Opens a tree beside the manager that has it open. @throws Error when the manager would not know of this reader */
export const readLmdb = (directory: string, isChecked: boolean): LmdbReader => {
  requireReaderTable(directory);
  const store = openStore(directory, true);
  return {
    ...journalOf(store, directory, isChecked),
    // Another process writes: a later read must not see an older snapshot.
    get(key) {
      store.resetReadTxn();
      return read(store, key, isChecked);
    },
    holdSnapshot() {
      store.resetReadTxn();
      const snapshot = store.useReadTransaction();
      return () => snapshot.done();
    },
  };
};
