import type { Journal, Rows, Write } from '../../journal.ts';
import { MARK_BYTES } from './log-record.ts';

/** A record of a log, with all records before it. */
export interface Position {
  /** The mark of the log. */
  readonly mark: Uint8Array;
  /** The sequence of the record; 0 before the first. */
  readonly sequence: number;
}

/** The key of the position in the tree; it sorts before all other keys. */
export const POSITION_KEY = '\0\0';
const BEHIND_POSITION = '\0\0\0';
/**
 * The key in a tree of millrace 0.1. A tree without it is refused by that version, which would
 * misread the present values.
 */
export const OLD_POSITION_KEY = '\0';
const SEQUENCE_BYTES = 6;

/** The mark, then the sequence, big-endian. */
const encodePosition = ({ mark, sequence }: Position): Uint8Array => {
  const bytes = Buffer.alloc(MARK_BYTES + SEQUENCE_BYTES);
  bytes.set(mark);
  bytes.writeUIntBE(sequence, MARK_BYTES, SEQUENCE_BYTES);
  return bytes;
};

/** @throws Error when it has another length */
export const decodePosition = (bytes: Uint8Array): Position => {
  if (bytes.length !== MARK_BYTES + SEQUENCE_BYTES) {
    throw new Error('data.mdb is damaged: its place in the log cannot be read; restore a backup');
  }
  return {
    mark: Uint8Array.from(bytes.subarray(0, MARK_BYTES)),
    sequence: Buffer.from(bytes).readUIntBE(MARK_BYTES, SEQUENCE_BYTES),
  };
};

/** The last record that a tree has; undefined when the tree never had a log. */
export const positionOf = (tree: Journal): Position | undefined => {
  const bytes = tree.get(POSITION_KEY);
  return bytes && decodePosition(bytes);
};

/** Brings writes to the tree, which then has the log up to this position. */
export const apply = (tree: Journal, writes: readonly Write[], position: Position): Promise<void> =>
  tree.commit([...writes, { key: POSITION_KEY, value: encodePosition(position) }]);

/** The rows of a tree without its position. */
export const rowsOf = (tree: Journal): Rows => {
  const behindPosition = (from: string): string => (from > POSITION_KEY ? from : BEHIND_POSITION);
  return {
    get: (key) => tree.get(key),
    lastKey: (from, to) => tree.lastKey(behindPosition(from), to),
    range: (from, to, limit) => tree.range(behindPosition(from), to, limit),
  };
};
