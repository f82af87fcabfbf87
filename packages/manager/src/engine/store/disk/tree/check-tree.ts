import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '@millrace/protocol';
import { readKey } from '../../key-bytes.ts';
import { seenAs } from './checked-value.ts';
import { type DatabaseHead, HEADER_BYTES, latestMeta, type Meta } from './meta.ts';
import { TreeDamage } from './tree-damage.ts';

/**
 * Reads an LMDB file without LMDB, which maps the file and trusts its pages: a damaged page
 * can end the process with a signal. Every page that the newest meta page leads to is looked
 * at: its number, its flags, the bounds of its nodes, the order of its keys, the checksums of
 * its values; and the list of free pages, which a commit writes to.
 */

const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
/** Flags of a page that LMDB uses in memory, and may leave in the file. */
const TRANSIENT = 0xe0_00;
const NODE_HEAD_BYTES = 8;
const NODE_OVERFLOW = 0x01;
/** Page number, transaction, count of pages. */
const OVERFLOW_BYTES = 24;
const DEPTH_MAX = 32;
const WORD_BYTES = 8;
const EMPTY_ROOT = -1;

export interface TreeFacts {
  readonly pageBytes: number;
  readonly pages: number;
  readonly freePages: number;
  readonly entries: number;
  /** Values without a checksum. */
  readonly bareValues: number;
}

export type Visit = (key: string, stored: Buffer) => void;

/** Takes a damaged place. The reading goes on behind the place if this function returns. */
export type Tell = (damage: TreeDamage) => void;

const damaged = (what: string): never => {
  throw new TreeDamage(what);
};

const endReading = (damage: TreeDamage): never => {
  throw damage;
};

/** Counts that the head of a database must agree with. */
interface Counted {
  branch: number;
  leaf: number;
  overflow: number;
  entries: number;
}

interface Bounds {
  readonly from: Buffer | undefined;
  readonly to: Buffer | undefined;
}

interface Node {
  readonly keyAt: number;
  readonly keyBytes: number;
  readonly isOverflow: boolean;
  readonly valueBytes: number;
  /** The page below a node of a branch. */
  readonly child: number;
}

/** A walk through one database. */
interface Walk {
  /** Compares two keys by their order in the database. */
  readonly compare: (a: Buffer, b: Buffer) => number;
  readonly visit: (key: Buffer, value: Buffer, page: number) => void;
  readonly counted: Counted;
}

const NO_BOUNDS: Bounds = { from: undefined, to: undefined };

class Walker {
  readonly #descriptor: number;
  readonly #meta: Meta;
  readonly #fileBytes: number;
  /** One bit for each page that has a place. */
  readonly #taken: Uint8Array;
  readonly #pool: Buffer[] = [];
  readonly #tell: Tell;
  #isWhole = true;

  constructor(descriptor: number, meta: Meta, tell: Tell) {
    this.#descriptor = descriptor;
    this.#meta = meta;
    this.#tell = tell;
    this.#fileBytes = fstatSync(descriptor).size;
    this.#taken = new Uint8Array((meta.lastPage + 8) >>> 3);
  }

  get pages(): number {
    return this.#meta.lastPage + 1;
  }

  /** Walks one database. */
  walk(name: string, head: DatabaseHead, compare: Walk['compare'], visit: Walk['visit']): void {
    const counted: Counted = { branch: 0, leaf: 0, overflow: 0, entries: 0 };
    this.#isWhole = true;
    this.#subtree(head.root, head.depth, NO_BOUNDS, { compare, visit, counted });
    const isAgreed =
      counted.branch === head.branchPages &&
      counted.leaf === head.leafPages &&
      counted.overflow === head.overflowPages &&
      counted.entries === head.entries;
    // A damaged page was told already, and its rows are missing in the count.
    if (!isAgreed && this.#isWhole) {
      this.#note(
        new TreeDamage(
          `the ${name} has ${counted.entries} entries, but its head says ${head.entries}`,
        ),
      );
    }
  }

  /** Gives pages their place. Each page has one, or none. */
  take(page: number, count: number, by: string): void {
    if (page < 2 || count < 1 || page + count > this.pages) {
      damaged(`${by} names page ${page}, which is not there`);
    }
    for (let at = page; at < page + count; at++) {
      const bit = 1 << (at & 7);
      if (((this.#taken[at >>> 3] ?? 0) & bit) !== 0) {
        damaged(`page ${at} is named twice, the second time by ${by}`);
      }
      this.#taken[at >>> 3] = (this.#taken[at >>> 3] ?? 0) | bit;
    }
  }

  /** Tells a damaged place. @throws any other error */
  #note(error: unknown): void {
    if (!(error instanceof TreeDamage)) {
      throw error;
    }
    this.#isWhole = false;
    this.#tell(error);
  }

  /** Walks a page and all pages below it; a damaged page up to the damaged place. */
  #subtree(number: number, depth: number, bounds: Bounds, walk: Walk): void {
    if (number === EMPTY_ROOT) {
      return;
    }
    try {
      this.#page(number, depth, bounds, walk);
    } catch (error) {
      this.#note(error);
    }
  }

  #page(number: number, depth: number, bounds: Bounds, walk: Walk): void {
    this.take(number, 1, 'a page above');
    const buffer = this.#pool.pop() ?? Buffer.allocUnsafeSlow(this.#meta.pageBytes);
    const page = this.#read(number, buffer);
    const isLeaf = depth === 1;
    const flags = page.readUInt16LE(18) & ~TRANSIENT;
    if (depth < 1 || depth > DEPTH_MAX || flags !== (isLeaf ? LEAF : BRANCH)) {
      damaged(`page ${number} is not the ${isLeaf ? 'leaf' : 'branch'} that it should be`);
    }
    const nodes = this.#nodesOf(page, number, isLeaf);
    if (isLeaf) {
      this.#leaf(page, number, nodes, bounds, walk);
    } else {
      this.#branch(page, number, nodes, depth, bounds, walk);
    }
    this.#pool.push(buffer);
  }

  #leaf(page: Buffer, number: number, nodes: readonly Node[], bounds: Bounds, walk: Walk): void {
    const { compare, counted, visit } = walk;
    counted.leaf += 1;
    let before = bounds.from;
    for (const [index, node] of nodes.entries()) {
      const key = page.subarray(node.keyAt, node.keyAt + node.keyBytes);
      const order = before === undefined ? -1 : compare(before, key);
      // The first key may be equal to the key by which the page above refers to this page.
      if (order > 0 || (order === 0 && index > 0)) {
        damaged(`the keys of page ${number} are out of order`);
      }
      this.#requireBelow(bounds, key, number, compare);
      before = key;
      counted.entries += 1;
      try {
        visit(key, this.#valueOf(page, number, node, counted), number);
      } catch (error) {
        this.#note(error);
      }
    }
  }

  #branch(
    page: Buffer,
    number: number,
    nodes: readonly Node[],
    depth: number,
    bounds: Bounds,
    walk: Walk,
  ): void {
    walk.counted.branch += 1;
    let before = bounds.from;
    for (const [index, node] of nodes.entries()) {
      const key = page.subarray(node.keyAt, node.keyAt + node.keyBytes);
      // The first key stands for all that are smaller, and may have no bytes.
      if (index > 0) {
        if (before !== undefined && walk.compare(before, key) >= 0) {
          damaged(`the keys of page ${number} are out of order`);
        }
        this.#requireBelow(bounds, key, number, walk.compare);
        before = key;
      }
      const next = nodes[index + 1];
      const from = index === 0 ? bounds.from : key;
      const to =
        next === undefined ? bounds.to : page.subarray(next.keyAt, next.keyAt + next.keyBytes);
      this.#subtree(node.child, depth - 1, { from, to }, walk);
    }
  }

  #requireBelow({ to }: Bounds, key: Buffer, number: number, compare: Walk['compare']): void {
    if (to !== undefined && compare(key, to) >= 0) {
      damaged(`a key of page ${number} belongs to another page`);
    }
  }

  #read(number: number, buffer: Buffer): Buffer {
    const { pageBytes, transaction } = this.#meta;
    const at = number * pageBytes;
    if (at + pageBytes > this.#fileBytes) {
      damaged(`the file is cut: it ends before page ${number}`);
    }
    this.#readBytes(buffer, number);
    if (buffer.readUInt32LE(0) !== number || buffer.readUInt32LE(4) !== 0) {
      damaged(`page ${number} has another number`);
    }
    if (Number(buffer.readBigUInt64LE(8)) > transaction) {
      damaged(`page ${number} is newer than the file`);
    }
    return buffer;
  }

  /** Reads bytes from the beginning of a page on. A place that the disk cannot read is damage. */
  #readBytes(into: Buffer, number: number): void {
    const at = number * this.#meta.pageBytes;
    let bytesRead = 0;
    try {
      bytesRead = readSync(this.#descriptor, into, 0, into.length, at);
    } catch (error) {
      damaged(`page ${number} cannot be read: ${messageOf(error)}`);
    }
    if (bytesRead !== into.length) {
      damaged(`page ${number} cannot be read: the file has only ${bytesRead} bytes of it`);
    }
  }

  #nodesOf(page: Buffer, number: number, isLeaf: boolean): readonly Node[] {
    const { pageBytes } = this.#meta;
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    if (lower % 2 !== 0 || lower > upper || upper > pageBytes - HEADER_BYTES || lower === 0) {
      damaged(`page ${number} has wrong bounds`);
    }
    const count = lower / 2;
    let usedBytes = 0;
    const nodes = Array.from({ length: count }, (_, index) => {
      const at = HEADER_BYTES + page.readUInt16LE(HEADER_BYTES + 2 * index);
      if (at < HEADER_BYTES + upper || at + NODE_HEAD_BYTES > pageBytes || at % 2 !== 0) {
        damaged(`a node of page ${number} is out of its bounds`);
      }
      const low = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 0x1_00_00;
      const flags = page.readUInt16LE(at + 4);
      const keyBytes = page.readUInt16LE(at + 6);
      const keyAt = at + NODE_HEAD_BYTES;
      const isOverflow = isLeaf && flags === NODE_OVERFLOW;
      if (isLeaf && flags !== 0 && !isOverflow) {
        damaged(`a node of page ${number} has unknown flags`);
      }
      const dataBytes = isLeaf ? (isOverflow ? OVERFLOW_BYTES : low) : 0;
      const bytes = NODE_HEAD_BYTES + keyBytes + dataBytes;
      if (at + bytes > pageBytes) {
        damaged(`a node of page ${number} is out of its bounds`);
      }
      usedBytes += bytes + (bytes & 1);
      return { keyAt, keyBytes, isOverflow, valueBytes: low, child: low + flags * 2 ** 32 };
    });
    if (usedBytes !== pageBytes - HEADER_BYTES - upper) {
      damaged(`the nodes of page ${number} overlap`);
    }
    return nodes;
  }

  #valueOf(page: Buffer, number: number, node: Node, counted: Counted): Buffer {
    const at = node.keyAt + node.keyBytes;
    if (!node.isOverflow) {
      return page.subarray(at, at + node.valueBytes);
    }
    const { pageBytes } = this.#meta;
    const first = Number(page.readBigUInt64LE(at));
    const count = Number(page.readBigUInt64LE(at + 16));
    const needed = Math.floor((HEADER_BYTES - 1 + node.valueBytes) / pageBytes) + 1;
    // A value that is replaced by a shorter one keeps its pages.
    if (count < needed) {
      damaged(`a value of page ${number} has ${count} pages instead of ${needed}`);
    }
    this.take(first, count, `page ${number}`);
    counted.overflow += count;
    if ((first + count) * pageBytes > this.#fileBytes) {
      damaged(`the file is cut: it ends before page ${first + count - 1}`);
    }
    const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + node.valueBytes);
    this.#readBytes(bytes, first);
    const flags = bytes.readUInt16LE(18) & ~TRANSIENT;
    const isWhole =
      Number(bytes.readBigUInt64LE(0)) === first &&
      flags === OVERFLOW &&
      bytes.readUInt32LE(20) === count;
    if (!isWhole) {
      damaged(`page ${first} is not the value that it should be`);
    }
    return bytes.subarray(HEADER_BYTES);
  }
}

/** Keys of the list of free pages are numbers of transactions, in the order of this machine. */
const byNumber = (a: Buffer, b: Buffer): number => {
  const [x, y] = [a.readBigUInt64LE(), b.readBigUInt64LE()];
  return x < y ? -1 : Number(x > y);
};

/**
 * Free pages in a record of the list: a count of words, then numbers of pages, of which one
 * behind a negative count begins a run. Zero is a vacated place.
 */
const freeRuns = (record: Buffer): [page: number, count: number][] => {
  const words = record.length / WORD_BYTES;
  const listed = Number(record.readBigUInt64LE(0));
  if (record.length % WORD_BYTES !== 0 || listed >= words) {
    damaged('the list of free pages has a wrong length');
  }
  const runs: [number, number][] = [];
  let count = 1;
  for (let word = 1; word <= listed; word++) {
    const entry = Number(record.readBigInt64LE(word * WORD_BYTES));
    if (entry < 0) {
      count = -entry;
    } else if (entry > 0) {
      runs.push([entry, count]);
      count = 1;
    }
  }
  return runs;
};

/** The value of a row, after its checksum was compared. */
const seenOf = (
  key: string,
  stored: Buffer,
  page: number,
  areBare: boolean,
): 'checked' | 'bare' => {
  const seen = areBare ? 'bare' : seenAs(key, stored);
  return seen === 'damaged'
    ? damaged(`the value of the key ${JSON.stringify(key)} on page ${page} has a wrong checksum`)
    : seen;
};

const readTree = (
  descriptor: number,
  meta: Meta,
  visit: Visit,
  areBare: boolean,
  tell: Tell,
): TreeFacts => {
  const walker = new Walker(descriptor, meta, tell);
  let bareValues = 0;
  let freePages = 0;
  const byBytes = (a: Buffer, b: Buffer): number => Buffer.compare(a, b);
  walker.walk('tree', meta.main, byBytes, (bytes, stored, page) => {
    const key = readKey(bytes, 0, bytes.length);
    bareValues += seenOf(key, stored, page, areBare) === 'bare' ? 1 : 0;
    visit(key, stored);
  });
  walker.walk('list of free pages', meta.free, byNumber, (_key, record) => {
    for (const [page, count] of freeRuns(record)) {
      walker.take(page, count, 'the list of free pages');
      freePages += count;
    }
  });
  return {
    pageBytes: meta.pageBytes,
    pages: walker.pages,
    freePages,
    entries: meta.main.entries,
    bareValues,
  };
};

const withFile = <T>(path: string, act: (descriptor: number) => T): T => {
  const descriptor = openSync(path, 'r');
  try {
    return act(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** @returns the latest meta page @throws TreeDamage when LMDB must not map the file */
export const requireMeta = (path: string): Meta => withFile(path, latestMeta);

/**
 * Checks a whole tree, and shows each of its rows to `visit`, in order. Memory is bounded by
 * one bit for each page and the largest value.
 *
 * @param areBare whether no value has a checksum: then a value may begin as one that has
 * @throws TreeDamage with the first damage; the error of the platform when the file cannot be read
 */
export const checkTree = (path: string, visit: Visit = () => {}, areBare = false): TreeFacts =>
  withFile(path, (descriptor) =>
    readTree(descriptor, latestMeta(descriptor), visit, areBare, endReading),
  );

/**
 * Like `checkTree`, but tells each damaged place and goes on behind it. It cannot see the pages
 * below a damaged page.
 *
 * Another process may write to the tree meanwhile if this process has a snapshot of the tree open,
 * because LMDB then reuses no page to which the latest meta page leads.
 *
 * @returns undefined when a meta page is damaged
 */
export const surveyTree = (path: string, visit: Visit, tell: Tell): TreeFacts | undefined =>
  withFile(path, (descriptor) => {
    let meta: Meta;
    try {
      meta = latestMeta(descriptor);
    } catch (error) {
      if (error instanceof TreeDamage) {
        tell(error);
        return undefined;
      }
      throw error;
    }
    return readTree(descriptor, meta, visit, false, tell);
  });
