import { closeSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { tuning } from '../../../tuning.ts';
import type { Journal, JournalSpace, Row, Write } from '../journal.ts';
import { readKey, writeKey } from '../key-bytes.ts';

const DATA_FILE = 'data.mdb';

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

const spaceOf = (directory: string): JournalSpace => {
  const disk = statfsSync(directory);
  return {
    usedBytes: statSync(join(directory, DATA_FILE)).size,
    freeBytes: disk.bavail * disk.bsize,
    reserveBytes: Math.min(tuning.reserveMaxBytes, disk.blocks * disk.bsize * tuning.reserveShare),
  };
};

/** Offset of the magic number in the first page of an LMDB file. */
const MAGIC_AT = 24;
const MAGIC = 0xbe_ef_c0_de;

const magicOf = (path: string): number | undefined => {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(4);
    const read = readSync(descriptor, bytes, 0, bytes.length, MAGIC_AT);
    return read === 0 ? undefined : bytes.readUInt32LE();
  } finally {
    closeSync(descriptor);
  }
};

/** LMDB does not check its file: opening any other file would end the process. */
const checkDataFile = (directory: string): void => {
  const path = join(directory, DATA_FILE);
  const exists = statSync(path, { throwIfNoEntry: false }) !== undefined;
  const magic = exists ? magicOf(path) : undefined;
  if (magic !== undefined && magic !== MAGIC) {
    throw new Error(`${DATA_FILE} is damaged or is not a store; restore a backup, or move it away`);
  }
};

type Store = RootDatabase<Buffer, string>;

/** Options of the library, with those that its types lack. */
type StoreOptions = RootDatabaseOptionsWithPath & {
  readonly txnStartThreshold: number;
  readonly batchStartThreshold: number;
};

const openStore = (directory: string): Store => {
  const options: StoreOptions = {
    path: directory,
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

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

const commit = async (store: Store, writes: readonly Write[]): Promise<void> => {
  const committed = store.batch(() => {
    for (const { key, value } of writes) {
      if (value === undefined) {
        void store.remove(key);
      } else {
        void store.put(key, asBuffer(value));
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

/**
 * A copy of a value. The library's own copy allocates memory for each value, which costs more
 * than reading a small one. The library lends its whole buffer, of which `length` bytes are
 * the value.
 */
const read = (store: Store, key: string): Buffer | undefined => {
  const lent = store.getBinaryFast(key);
  return lent && Buffer.from(new Uint8Array(lent.buffer, lent.byteOffset, lent.length));
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

const readRange = (store: Store, from: string, to: string, limit: number): Row[] => {
  const rows: Row[] = [];
  for (const { key, value } of store.getRange({ start: from, end: to, limit })) {
    rows.push({ key, value });
  }
  return rows;
};

/**
 * A journal in an LMDB file in this directory. With `overlappingSync: false` a commit becomes
 * visible, and its promise resolves, only when it is flushed.
 *
 * @throws Error when the directory cannot be used
 */
export const lmdbJournal = (directory: string): Journal => {
  checkDataFile(directory);
  const store = openStore(directory);
  return {
    name: 'lmdb',
    get: (key) => read(store, key),
    lastKey: (from, to) => lastKey(store, from, to),
    range: (from, to, limit) => readRange(store, from, to, limit),
    commit: (writes) => commit(store, writes),
    space: () => spaceOf(directory),
    close: () => store.close(),
  };
};
