import { fstatSync, readSync } from 'node:fs';
import { TreeDamage } from './tree-damage.ts';

/** Bytes of the header of each page of LMDB: number, transaction, padding, flags, bounds. */
export const HEADER_BYTES = 24;

/** The head of one of the two databases of a file. */
export interface DatabaseHead {
  readonly flags: number;
  /** Levels; 0 when it is empty. */
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  /** Page of its root; −1 when it is empty. */
  readonly root: number;
}

export interface Meta {
  readonly pageBytes: number;
  readonly free: DatabaseHead;
  readonly main: DatabaseHead;
  /** The last page in use. The file may be shorter when it ends in free pages. */
  readonly lastPage: number;
  readonly transaction: number;
  /** Bytes that LMDB maps. */
  readonly mapBytes: number;
}

const META_FLAG = 0x08;
const MAGIC = 0xbe_ef_c0_de;
const VERSION = 2;
const META_BYTES = 160;
const DATABASE_BYTES = 48;
const FREE_AT = HEADER_BYTES + 24;
const MAIN_AT = FREE_AT + DATABASE_BYTES;
const LAST_PAGE_AT = MAIN_AT + DATABASE_BYTES;
const PAGE_MIN_BYTES = 512;
const PAGE_MAX_BYTES = 65_536;
/** A larger map cannot be had, whatever the file says. */
const MAP_MAX_BYTES = 2 ** 47;
const FIXED_MAP = 0x01;
const INTEGER_KEYS = 0x08;
/** Orders and kinds of keys that a store never has: reversed, duplicates, integers. */
const FOREIGN_ORDERS = 0x7e;

const refuse = (what: string): never => {
  throw new TreeDamage(`${what}, or it is not a store`);
};

const wide = (bytes: Buffer, at: number): number => Number(bytes.readBigInt64LE(at));

const databaseAt = (bytes: Buffer, at: number): DatabaseHead => ({
  flags: bytes.readUInt16LE(at + 4),
  depth: bytes.readUInt16LE(at + 6),
  branchPages: wide(bytes, at + 8),
  leafPages: wide(bytes, at + 16),
  overflowPages: wide(bytes, at + 24),
  entries: wide(bytes, at + 32),
  root: wide(bytes, at + 40),
});

const isRooted = ({ depth, root }: DatabaseHead, lastPage: number): boolean =>
  root === -1 ? depth === 0 : depth > 0 && root >= 2 && root <= lastPage;

/**
 * Whether the fields of a meta page agree. Those of the one that is not used need not: when a
 * commit fails, LMDB gives its meta page the old transaction and leaves the rest.
 */
const isSane = ({ free, lastPage, main, mapBytes, pageBytes, transaction }: Meta): boolean =>
  (free.flags & (FIXED_MAP | INTEGER_KEYS)) === INTEGER_KEYS &&
  (main.flags & FOREIGN_ORDERS) === 0 &&
  lastPage >= 1 &&
  transaction >= 0 &&
  mapBytes >= (lastPage + 1) * pageBytes &&
  mapBytes <= MAP_MAX_BYTES &&
  isRooted(free, lastPage) &&
  isRooted(main, lastPage);

const parseMeta = (bytes: Buffer, page: number): Meta => {
  const name = `meta page ${page}`;
  const hasHead =
    wide(bytes, 0) === page &&
    bytes.readUInt16LE(18) === META_FLAG &&
    bytes.readUInt32LE(HEADER_BYTES) === MAGIC;
  if (!hasHead) {
    refuse(`${name} is not one of LMDB`);
  }
  const version = bytes.readUInt32LE(HEADER_BYTES + 4) & 0xff_ff;
  if (version !== VERSION) {
    refuse(`${name} has version ${version} instead of ${VERSION}`);
  }
  const pageBytes = bytes.readUInt32LE(FREE_AT);
  const isPower = (pageBytes & (pageBytes - 1)) === 0;
  if (!isPower || pageBytes < PAGE_MIN_BYTES || pageBytes > PAGE_MAX_BYTES) {
    refuse(`${name} says ${pageBytes} bytes for a page`);
  }
  return {
    pageBytes,
    free: databaseAt(bytes, FREE_AT),
    main: databaseAt(bytes, MAIN_AT),
    lastPage: wide(bytes, LAST_PAGE_AT),
    transaction: wide(bytes, LAST_PAGE_AT + 8),
    mapBytes: wide(bytes, HEADER_BYTES + 16),
  };
};

const bytesAt = (descriptor: number, at: number): Buffer => {
  const bytes = Buffer.alloc(META_BYTES + HEADER_BYTES);
  const fileBytes = fstatSync(descriptor).size;
  if (readSync(descriptor, bytes, 0, bytes.length, at) < bytes.length) {
    refuse(fileBytes === 0 ? 'it is empty' : `it is cut after ${fileBytes} bytes`);
  }
  return bytes;
};

/** Reads a meta page twice, because a manager may be writing it: two equal readings are no half-written page. */
const metaAt = (descriptor: number, page: number, at: number): Meta => {
  let bytes = bytesAt(descriptor, at);
  for (let again = bytesAt(descriptor, at); !again.equals(bytes); ) {
    bytes = again;
    again = bytesAt(descriptor, at);
  }
  return parseMeta(bytes, page);
};

/**
 * The meta page that LMDB would take: that of the later transaction. LMDB writes them in turn,
 * each within one sector, so a crash leaves no damaged one.
 *
 * @throws TreeDamage
 */
export const latestMeta = (descriptor: number): Meta => {
  const first = metaAt(descriptor, 0, 0);
  const second = metaAt(descriptor, 1, first.pageBytes);
  if (first.pageBytes !== second.pageBytes) {
    refuse('its meta pages differ in the size of a page');
  }
  const latest = first.transaction >= second.transaction ? first : second;
  return isSane(latest) ? latest : refuse('its latest meta page contradicts itself');
};
