import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { MARK_BYTES } from './log-record.ts';
import type { Position } from './position.ts';

export const LOG_END_FILE = 'log.end';

/**
 * The file `log.end` has the sequence of the last record that is on disk. It is written after
 * the record and before its acknowledgement, and is not flushed. After a crash of the machine
 * it may be behind the log, never before it; after a crash of the process it is exact. A log
 * that ends before it has lost records that were acknowledged, which would otherwise look
 * like a torn last record. Numbers are big-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 12 | the mark of the log |
 * | 6 | sequence of the record |
 * | 4 | CRC-32 of all bytes before |
 */
const CHECKSUM_AT = MARK_BYTES + 6;
const END_BYTES = CHECKSUM_AT + 4;
const OWNER_ONLY = 0o600;

const encode = ({ mark, sequence }: Position): Buffer => {
  const bytes = Buffer.alloc(END_BYTES);
  bytes.set(mark);
  bytes.writeUIntBE(sequence, MARK_BYTES, 6);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return bytes;
};

/** @throws Error when the file is damaged */
const readEnd = (descriptor: number): Position => {
  const bytes = Buffer.alloc(END_BYTES);
  const isWhole =
    readSync(descriptor, bytes, 0, END_BYTES, 0) === END_BYTES &&
    bytes.readUInt32BE(CHECKSUM_AT) === crc32(bytes.subarray(0, CHECKSUM_AT));
  if (!isWhole) {
    throw new Error(`${LOG_END_FILE} is damaged; restore a backup`);
  }
  return {
    mark: Uint8Array.from(bytes.subarray(0, MARK_BYTES)),
    sequence: bytes.readUIntBE(MARK_BYTES, 6),
  };
};

/** Notes the last record of a log that is on disk. */
export class LogEnd {
  readonly #descriptor: number;
  #bytes: Buffer | undefined;
  #isClosed = false;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Makes the file, on disk when it returns; replaces an existing one. */
  static make(directory: string, position: Position): LogEnd {
    const end = new LogEnd(openSync(join(directory, LOG_END_FILE), 'w+', OWNER_ONLY));
    end.note(position);
    fsyncSync(end.#descriptor);
    return end;
  }

  /** @throws the error of the platform when the file cannot be opened */
  static open(directory: string): LogEnd {
    return new LogEnd(openSync(join(directory, LOG_END_FILE), 'r+'));
  }

  /** The position that was noted last. @throws Error when the file is damaged */
  read(): Position {
    return readEnd(this.#descriptor);
  }

  /** The write goes to the page cache, within one sector. */
  note({ mark, sequence }: Position): void {
    const bytes = (this.#bytes ??= encode({ mark, sequence }));
    bytes.writeUIntBE(sequence, MARK_BYTES, 6);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
    writeSync(this.#descriptor, bytes, 0, END_BYTES, 0);
  }

  /** A second call does nothing: its descriptor may be that of another file by then. */
  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      closeSync(this.#descriptor);
    }
  }
}

/** Reads which record of a log is the last on disk. @throws Error when the file is damaged */
export const readLogEnd = (directory: string): Position => {
  const descriptor = openSync(join(directory, LOG_END_FILE), 'r');
  try {
    return readEnd(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
