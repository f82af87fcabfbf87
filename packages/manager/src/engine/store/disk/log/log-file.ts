import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file of the log; tests have one of their own. */
export interface LogFile {
  /** Bytes that it holds without growing. */
  readonly sizeBytes: number;
  read(): Promise<Buffer>;
  /** On disk when the promise resolves, and perhaps torn if the machine fails before. The file grows as needed. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Cuts the file to this size; on disk when the promise resolves. */
  shrink(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Linux writes and flushes in one call, which saves a turn of the event loop between the two.
 * Other platforms have no such flag, or one that leaves the bytes in the cache of the disk.
 */
const isFlushedByWrite = process.platform === 'linux';
const FLUSH_FLAG = isFlushedByWrite ? constants.O_DSYNC : 0;

/** The calls that are used of an open file of Node. */
export interface OpenFile {
  read(to: Buffer, offset: number, bytes: number, at: number): Promise<{ bytesRead: number }>;
  /** May write fewer bytes than it was given. */
  write(
    from: Uint8Array,
    offset: number,
    bytes: number,
    at: number,
  ): Promise<{ bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export class DiskFile implements LogFile {
  readonly #file: OpenFile;
  readonly #headerBytes: number;
  #sizeBytes: number;

  /** @param headerBytes bytes before the records, which are not counted in any size or offset */
  constructor(file: OpenFile, sizeBytes: number, headerBytes = 0) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#headerBytes = headerBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async read(): Promise<Buffer> {
    const bytes = Buffer.alloc(this.#sizeBytes);
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await this.#file.read(
        bytes,
        done,
        bytes.length - done,
        this.#headerBytes + done,
      );
      if (bytesRead === 0) {
        break;
      }
      done += bytesRead;
    }
    return bytes;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const rest = bytes.length - done;
      const to = this.#headerBytes + at + done;
      const { bytesWritten } = await this.#file.write(bytes, done, rest, to);
      if (bytesWritten === 0) {
        throw new Error(`the disk took ${done} of ${bytes.length} bytes of the log and no more`);
      }
      done += bytesWritten;
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, at + bytes.length);
    if (!isFlushedByWrite) {
      await this.#file.datasync();
    }
  }

  async shrink(sizeBytes: number): Promise<void> {
    await this.#file.truncate(this.#headerBytes + sizeBytes);
    await this.#file.sync();
    this.#sizeBytes = sizeBytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** @throws the error of the platform when the file cannot be opened */
export const openLogFile = async (path: string, headerBytes: number): Promise<LogFile> => {
  const opened = await open(path, constants.O_RDWR | FLUSH_FLAG);
  const { size } = await opened.stat();
  return new DiskFile(opened, size - headerBytes, headerBytes);
};

/** Makes a file with this header and this size behind it; replaces an existing one. */
export const makeLogFile = async (
  path: string,
  header: Uint8Array,
  sizeBytes: number,
): Promise<LogFile> => {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | FLUSH_FLAG;
  const opened = await open(path, flags, 0o600);
  try {
    // Zeros and not a hole: a write into a hole changes the metadata of the file, which would be
    // flushed with each write.
    const whole = new DiskFile(opened, 0);
    await whole.write(Buffer.concat([header], header.length + sizeBytes), 0);
    return new DiskFile(opened, sizeBytes, header.length);
  } catch (error) {
    await opened.close();
    throw error;
  }
};
