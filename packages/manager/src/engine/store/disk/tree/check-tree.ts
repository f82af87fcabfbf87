import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readKey } from '../../key-bytes.ts';
import { seenAs } from './checked-value.ts';
import { type DatabaseHead, HEADER_BYTES, latestMeta, type Meta } from './meta.ts';

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

export class TreeDamage extends Error {}

const damaged = (what: string): never => {
  throw new TreeDamage(`data.mdb is damaged: ${what}; restore a backup`);
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

class Walker {
  readonly #descriptor: number;
  readonly #meta: Meta;
  readonly #fileBytes: number;
  /** One bit for each page that has a place. */
  readonly #taken: Uint8Array;
  readonly #pool: Buffer[] = [];

  constructor(descriptor: number, meta: Meta) {
    this.#descriptor = descriptor;
    this.#meta = meta;
    this.#fileBytes = fstatSync(descriptor).size;
    this.#taken = new Uint8Array((meta.lastPage + 8) >>> 3);
  }

  get pages(): number {
    return this.#meta.lastPage + 1;
  }

  /** Walks one database. `compare` orders its keys. */
  walk(
    name: string,
    head: DatabaseHead,
    compare: (a: Buffer, b: Buffer) => number,
    visit: (key: Buffer, value: Buffer, page: number) => void,
  ): void {
    const counted: Counted = { branch: 0, leaf: 0, overflow: 0, entries: 0 };
    if (head.root !== EMPTY_ROOT) {
      const bounds = { from: undefined, to: undefined };
      this.#page(head.root, head.depth, bounds, { compare, visit, counted });
    }
    const isAgreed =
      counted.branch === head.branchPages &&
      counted.leaf === head.leafPages &&
      counted.overflow === head.overflowPages &&
      counted.entries === head.entries;
    if (!isAgreed) {
      damaged(`the ${name} has ${counted.entries} entries, and its head says ${head.entries}`);
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

  #page(
    number: number,
    depth: number,
    bounds: Bounds,
    walk: {
      readonly compare: (a: Buffer, b: Buffer) => number;
      readonly visit: (key: Buffer, value: Buffer, page: number) => void;
      readonly counted: Counted;
    },
  ): void {
    const { pageBytes } = this.#meta;
    this.take(number, 1, 'a page above');
    const buffer = this.#pool.pop() ?? Buffer.allocUnsafeSlow(pageBytes);
    const page = this.#read(number, buffer);
    const isLeaf = depth === 1;
    const flags = page.readUInt16LE(18) & ~TRANSIENT;
    if (depth < 1 || depth > DEPTH_MAX || flags !== (isLeaf ? LEAF : BRANCH)) {
      damaged(`page ${number} is not the ${isLeaf ? 'leaf' : 'branch'} that it should be`);
    }
    const { compare, counted } = walk;
    const nodes = this.#nodesOf(page, number, isLeaf);
    counted[isLeaf ? 'leaf' : 'branch'] += 1;
    let before = bounds.from;
    for (const [index, node] of nodes.entries()) {
      const key = page.subarray(node.keyAt, node.keyAt + node.keyBytes);
      // The first key of a branch stands for all that are smaller, and may have no bytes.
      const isFirstOfBranch = !isLeaf && index === 0;
      if (!isFirstOfBranch) {
        const isFirstOfLeaf = isLeaf && index === 0;
        const order = before === undefined ? -1 : compare(before, key);
        if (order > 0 || (order === 0 && !isFirstOfLeaf)) {
          damaged(`the keys of page ${number} are out of order`);
        }
        if (bounds.to !== undefined && compare(key, bounds.to) >= 0) {
          damaged(`a key of page ${number} belongs to another page`);
        }
        before = key;
      }
      if (isLeaf) {
        counted.entries += 1;
        walk.visit(key, this.#valueOf(page, number, node, counted), number);
      } else {
        const next = nodes[index + 1];
        this.#page(
          node.child,
          depth - 1,
          {
            from: isFirstOfBranch ? bounds.from : key,
            to:
              next === undefined
                ? bounds.to
                : page.subarray(next.keyAt, next.keyAt + next.keyBytes),
          },
          walk,
        );
      }
    }
    this.#pool.push(buffer);
  }

  #read(number: number, buffer: Buffer): Buffer {
    const { pageBytes, transaction } = this.#meta;
    const at = number * pageBytes;
    if (at + pageBytes > this.#fileBytes) {
      damaged(`the file is cut: it ends before page ${number}`);
    }
    if (readSync(this.#descriptor, buffer, 0, pageBytes, at) !== pageBytes) {
      damaged(`page ${number} cannot be read`);
    }
    if (buffer.readUInt32LE(0) !== number || buffer.readUInt32LE(4) !== 0) {
      damaged(`page ${number} has another number`);
    }
    if (Number(buffer.readBigUInt64LE(8)) > transaction) {
      damaged(`page ${number} is newer than the file`);
    }
    return buffer;
  }

  #nodesOf(page: Buffer, number: number, isLeaf: boolean) {
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

  #valueOf(
    page: Buffer,
    number: number,
    node: { keyAt: number; keyBytes: number; isOverflow: boolean; valueBytes: number },
    counted: Counted,
  ): Buffer {
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
    readSync(this.#descriptor, bytes, 0, bytes.length, first * pageBytes);
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

/**
 * Checks a whole tree, and shows each of its rows to `visit`, in order. Memory is bounded by
 * one bit for each page and the largest value.
 *
 * @param areBare whether no value has a checksum: then a value may begin as one that has
 * @throws TreeDamage with the first damage; the error of the platform when the file cannot be read
 */
export const checkTree = (path: string, visit: Visit = () => {}, areBare = false): TreeFacts => {
  const descriptor = openSync(path, 'r');
  try {
    const meta = latestMeta(descriptor);
    const walker = new Walker(descriptor, meta);
    let bareValues = 0;
    walker.walk(
      'tree',
      meta.main,
      (a, b) => Buffer.compare(a, b),
      (bytes, stored, page) => {
        const key = readKey(bytes, 0, bytes.length);
        const seen = areBare ? 'bare' : seenAs(key, stored);
        if (seen === 'damaged') {
          damaged(
            `the value of the key ${JSON.stringify(key)} on page ${page} has a wrong checksum`,
          );
        }
        bareValues += seen === 'bare' ? 1 : 0;
        visit(key, stored);
      },
    );
    let freePages = 0;
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
  } finally {
    closeSync(descriptor);
  }
};
