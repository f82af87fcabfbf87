import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tuning } from '../../../../tuning.ts';
import { flushDirectory } from '../../directories.ts';
import { LOG_END_FILE, LogEnd } from './log-end.ts';
import { type LogFile, makeLogFile, openLogFile } from './log-file.ts';
import {
  decodeLogHeader,
  encodeLogHeader,
  LOG_HEADER_BYTES,
  type LogHeader,
} from './log-header.ts';
import type { Position } from './position.ts';

/** The files of a log; a new log begins in the first. */
export interface LogFiles {
  readonly first: LogFile;
  readonly second: LogFile;
  /** Size of each; a file that has grown is cut back to it. */
  readonly fileBytes: number;
  /** Notes that the log has this record on disk, before the record is acknowledged. */
  noteEnd(position: Position): void;
  close(): Promise<void>;
}

export const logNames = ['log.0', 'log.1'] as const;

/** Bytes of each log file of millrace 0.1, whose files have no header. */
const BARE_FILE_BYTES = 4 * 1_024 * 1_024;

const closeBoth = async (first: LogFile, second: LogFile): Promise<void> => {
  try {
    await first.close();
  } finally {
    await second.close();
  }
};

const openBoth = async (
  openFile: (name: string, number: number) => Promise<LogFile>,
): Promise<readonly [LogFile, LogFile]> => {
  const first = await openFile(logNames[0], 0);
  try {
    return [first, await openFile(logNames[1], 1)];
  } catch (error) {
    await first.close();
    throw error;
  }
};

const withEnd = (
  [first, second]: readonly [LogFile, LogFile],
  fileBytes: number,
  end: LogEnd,
): LogFiles => ({
  first,
  second,
  fileBytes,
  noteEnd: (position) => end.note(position),
  async close() {
    end.close();
    await closeBoth(first, second);
  },
});

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The header of a log file; undefined when the file has none. */
export const logHeaderOf = (directory: string, name: string): LogHeader | undefined => {
  const descriptor = openSync(join(directory, name), 'r');
  try {
    const page = Buffer.alloc(LOG_HEADER_BYTES);
    const bytesRead = readSync(descriptor, page, 0, LOG_HEADER_BYTES, 0);
    return decodeLogHeader(page.subarray(0, bytesRead));
  } finally {
    closeSync(descriptor);
  }
};

/** @throws Error with the name of a file that is cut, zeroed, swapped, or of another store */
export const checkLogFile = (
  directory: string,
  name: string,
  number: number,
  mark: Uint8Array,
): LogHeader => {
  const header = logHeaderOf(directory, name);
  const { size } = statSync(join(directory, name));
  if (
    size < LOG_HEADER_BYTES ||
    (header !== undefined && size < LOG_HEADER_BYTES + header.fileBytes)
  ) {
    throw new Error(
      `the log file ${name} is cut after ${size} bytes; put it back, or restore a backup`,
    );
  }
  if (header === undefined) {
    throw new Error(`the log file ${name} has no header and is damaged; restore a backup`);
  }
  if (!isSame(header.mark, mark)) {
    throw new Error(
      `the log file ${name} belongs to another store; put its own back, or restore a backup`,
    );
  }
  if (header.number !== number) {
    throw new Error(`the log file ${name} was log.${header.number}; give it its name back`);
  }
  return header;
};

/** The sequence of a noted position. @throws Error when the position belongs to another log */
export const sequenceOf = (noted: Position, mark: Uint8Array): number => {
  if (!isSame(noted.mark, mark)) {
    throw new Error(
      `${LOG_END_FILE} belongs to another store; put its own back, or restore a backup`,
    );
  }
  return noted.sequence;
};

/**
 * The files of the log with this mark, and the last record that it is known to have.
 *
 * @throws Error with the name of a file that is not whole, or not of this log
 */
export const openLogFiles = async (
  directory: string,
  mark: Uint8Array,
): Promise<{ readonly files: LogFiles; readonly end: number }> => {
  const headers = logNames.map((name, number) => checkLogFile(directory, name, number, mark));
  const end = LogEnd.open(directory);
  try {
    const sequence = sequenceOf(end.read(), mark);
    const both = await openBoth((name) => openLogFile(join(directory, name), LOG_HEADER_BYTES));
    return { files: withEnd(both, headers[0]?.fileBytes ?? 0, end), end: sequence };
  } catch (error) {
    end.close();
    throw error;
  }
};

/** The bytes of the log files of millrace 0.1. @throws Error with the name of a file that is cut */
export const readBareLogFiles = async (directory: string): Promise<readonly Buffer[]> => {
  const contents: Buffer[] = [];
  for (const name of logNames) {
    const file = await openLogFile(join(directory, name), 0);
    try {
      if (file.sizeBytes < BARE_FILE_BYTES) {
        throw new Error(
          `the log file ${name} is cut after ${file.sizeBytes} bytes; put it back, or restore a backup`,
        );
      }
      contents.push(await file.read());
    } finally {
      await file.close();
    }
  }
  return contents;
};

/** Makes all files of a log, and replaces existing ones; on disk when the promise resolves. */
export const makeLogFiles = async (directory: string, position: Position): Promise<LogFiles> => {
  const { mark } = position;
  const fileBytes = tuning.logFileBytes;
  const end = LogEnd.make(directory, position);
  try {
    const both = await openBoth((name, number) =>
      makeLogFile(join(directory, name), encodeLogHeader({ mark, number, fileBytes }), fileBytes),
    );
    flushDirectory(directory);
    return withEnd(both, fileBytes, end);
  } catch (error) {
    end.close();
    throw error;
  }
};
