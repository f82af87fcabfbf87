import { randomBytes } from 'node:crypto';
import type { Journal } from '../../journal.ts';
import type { LogFiles } from './log-files.ts';
import { type LogRecord, MARK_BYTES, nextRecord } from './log-record.ts';
import { apply, type Position } from './position.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

const recordsIn = (mark: Uint8Array, file: Buffer): LogRecord[] => {
  const records: LogRecord[] = [];
  for (let record = nextRecord(mark, file, 0); record !== undefined; ) {
    records.push(record);
    record = nextRecord(mark, file, record.endsAt);
  }
  return records;
};

/**
 * The records of a log behind a position, in their order.
 *
 * A file is written anew from its start only when all its records are applied, so its old
 * records have a lower sequence. A record is written only when the one before is on disk, so
 * a crash can tear only the last one, and a gap is damage.
 *
 * @throws Error when a record is missing and later ones are there
 */
const recordsBehind = (
  { mark, sequence: applied }: Position,
  files: readonly Buffer[],
): readonly LogRecord[] => {
  const records = files
    .flatMap((file) => recordsIn(mark, file))
    .filter(({ sequence }) => sequence > applied)
    .toSorted((a, b) => a.sequence - b.sequence);
  const missing = records.findIndex(({ sequence }, index) => sequence !== applied + 1 + index);
  if (missing >= 0) {
    const last = records.at(-1)?.sequence;
    throw new Error(
      `the log is damaged: record ${applied + 1 + missing} is missing, and later ones up to ${last} exist; restore a backup`,
    );
  }
  return records;
};

/** A new log for a tree that has none. */
export const beginLog = async (files: LogFiles, tree: Journal): Promise<WriteAheadLog> => {
  const position = { mark: randomBytes(MARK_BYTES), sequence: 0 };
  await apply(tree, [], position);
  return new WriteAheadLog(files, position);
};

/**
 * The log of a tree that has its records up to a position. Brings the later ones to the tree.
 *
 * @throws Error when the log is damaged
 */
export const resumeLog = async (
  files: LogFiles,
  tree: Journal,
  position: Position,
): Promise<WriteAheadLog> => {
  const records = recordsBehind(position, [await files.first.read(), await files.second.read()]);
  const writes = records.flatMap((record) => record.writes);
  const present = { mark: position.mark, sequence: position.sequence + records.length };
  // Even without records: after a failed flush the position may be in the page cache alone, and
  // the log is about to be overwritten.
  await apply(tree, writes, present);
  return new WriteAheadLog(files, present);
};
