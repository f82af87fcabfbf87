import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { MillraceError } from '@millrace/protocol';
import { flushDirectory } from '../directories.ts';

export const IDENTITY_FILE = 'store.json';
const FORMAT = 1;
const OWNER_ONLY = 0o600;

const states = [
  /** Its files are being made, and nothing was acknowledged. */
  'creating',
  /** A store of millrace 0.1: its old log counts until the tree has a position of the present kind. */
  'adopting',
  /** Its tree has everything, and its log is being made anew. */
  'renewing',
  /** A restore has begun and has not ended. */
  'restoring',
  /** A backup: a tree that has everything, without a log. */
  'backup',
  /** All its files are there. */
  'ready',
] as const;

export type StoreState = (typeof states)[number];

/** The tree file when the store was last closed in order. */
export interface Closed {
  readonly bytes: number;
  /** Its time of modification, in nanoseconds. */
  readonly changedNs: string;
}

/** What a data directory is, in its file `store.json`. */
export interface Identity {
  /** The mark of the log, in hexadecimal: the name of this store. */
  readonly id: string;
  readonly state: StoreState;
  /** Whether every value of the tree has a checksum. */
  readonly isChecked: boolean;
  /** Starts since the store was last closed in order, the present one included. */
  readonly starts: number;
  /** Undefined while it is open, and after an end out of order. */
  readonly closed: Closed | undefined;
}

/** The mark of the log of a store. */
export const markOf = ({ id }: Identity): Uint8Array => Uint8Array.from(Buffer.from(id, 'hex'));

/** The name of the store whose log has this mark. */
export const idOf = (mark: Uint8Array): string => Buffer.from(mark).toString('hex');

interface Document {
  readonly format: number;
  readonly id: string;
  readonly state: string;
  readonly checksums: boolean;
  readonly starts: number;
  readonly closed: Closed | null;
}

const documentOf = ({ closed, id, isChecked, starts, state }: Identity): Document => ({
  format: FORMAT,
  id,
  state,
  checksums: isChecked,
  starts,
  closed: closed ?? null,
});

const checksumOf = (document: Document): string =>
  crc32(JSON.stringify(document)).toString(16).padStart(8, '0');

const refuse = (what = 'is damaged'): never => {
  throw new Error(`${IDENTITY_FILE} ${what}; put it back, or restore a backup`);
};

const hasKeys = (value: unknown): value is Document & { readonly checksum: string } =>
  typeof value === 'object' && value !== null && 'format' in value && 'checksum' in value;

const parse = (text: string): Identity => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse();
  }
  if (!hasKeys(parsed)) {
    return refuse();
  }
  const { checksum, ...document } = parsed;
  if (checksum !== checksumOf(document)) {
    return refuse();
  }
  const { checksums, closed, format, id, starts } = document;
  const state = states.find((one) => one === document.state);
  if (format > FORMAT || state === undefined) {
    throw new MillraceError(
      'STORE_VERSION',
      `${IDENTITY_FILE} is of a later millrace: install the version that wrote the store, or a later one`,
    );
  }
  return { id, state, isChecked: checksums, starts, closed: closed ?? undefined };
};

/**
 * Reads the identity of a directory; undefined when it has none.
 *
 * @throws Error when it is damaged; STORE_VERSION when a later millrace wrote it
 */
export const readIdentity = (directory: string): Identity | undefined => {
  const path = join(directory, IDENTITY_FILE);
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) {
    return undefined;
  }
  // The read of a FIFO would wait for a writer.
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
    ? parse(readFileSync(path, 'utf8'))
    : refuse('is not a file');
};

/** Replaces a file as a whole; on disk when it returns. */
const replaceFile = (directory: string, name: string, text: string): void => {
  const path = join(directory, name);
  const descriptor = openSync(`${path}.new`, 'w', OWNER_ONLY);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(`${path}.new`, path);
  flushDirectory(directory);
};

/** Writes the identity of a directory; on disk when it returns. */
export const writeIdentity = (directory: string, identity: Identity): void => {
  const document = documentOf(identity);
  const text = JSON.stringify({ ...document, checksum: checksumOf(document) }, undefined, 2);
  replaceFile(directory, IDENTITY_FILE, `${text}\n`);
};
