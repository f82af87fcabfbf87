import type { Journal } from '../../journal.ts';
import type { LogFiles } from './log-files.ts';
import { type LogRecord, nextRecord } from './log-record.ts';
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
 * @param end the sequence of a record that was on disk
 * @throws Error when a record is missing that was on disk
 */
export const recordsBehind = (
  { mark, sequence: applied }: Position,
  files: readonly Buffer[],
  end = 0,
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
  const last = applied + records.length;
  if (last < end) {
    throw new Error(
      `the log is damaged: it ends with record ${last}, and record ${end} was acknowledged; restore a backup`,
    );
  }
  return records;
};

/** A new log for a tree that has everything up to this position. */
export const beginLog = async (
  files: LogFiles,
  tree: Journal,
  position: Position,
): Promise<WriteAheadLog> => {
  await apply(tree, [], position);
  return new WriteAheadLog(files, position);
};

/**
 * The log of a tree that has its records up to a position. Brings the later ones to the tree.
 *
 * @param end the sequence of a record that was on disk
 * @throws Error when the log is damaged
 */
export const resumeLog = async (
  files: LogFiles,
  tree: Journal,
  position: Position,
  end = 0,
): Promise<WriteAheadLog> => {
  const contents = [await files.first.read(), await files.second.read()];
  const records = recordsBehind(position, contents, end);
  const writes = records.flatMap((record) => record.writes);
  const present = { mark: position.mark, sequence: position.sequence + records.length };
  // Even without records: after a failed flush the position may be in the page cache alone, and
  // the log is about to be overwritten.
  await apply(tree, writes, present);
  return new WriteAheadLog(files, present);
};
