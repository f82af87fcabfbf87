import type { Write } from '../../journal.ts';
import type { LogFile } from './log-file.ts';
import type { LogFiles } from './log-files.ts';
import { RecordEncoder } from './log-record.ts';
import type { Position } from './position.ts';

/**
 * Each record begins in a page of its own. The kernel and the disk write whole pages, and a
 * torn page must not hold an acknowledged record.
 */
const PAGE_BYTES = 4_096;

const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;

/**
 * The commits in their order, each on disk with one flush. Two files are used in turn: while
 * a checkpoint writes the records of one to the tree, the log goes on in the other. A record
 * begins within the fixed size of a file and may make the file longer.
 */
export class WriteAheadLog {
  readonly #encoder: RecordEncoder;
  readonly #files: LogFiles;
  #file: LogFile;
  #other: LogFile;
  #at = 0;
  #position: Position;

  /** @param position the last record of the files; the tree has all records up to it */
  constructor(files: LogFiles, position: Position) {
    this.#files = files;
    this.#file = files.first;
    this.#other = files.second;
    this.#encoder = new RecordEncoder(position.mark);
    this.#position = position;
  }

  /** The last record that is on disk. */
  get position(): Position {
    return this.#position;
  }

  get usedBytes(): number {
    return this.#file.sizeBytes + this.#other.sizeBytes;
  }

  /** Whether the present file has a record. */
  get isBegun(): boolean {
    return this.#at > 0;
  }

  /** Whether the present file is half full, so that a checkpoint is due. */
  get isHalfFull(): boolean {
    return this.#at >= this.#files.fileBytes / 2;
  }

  /** Whether the next record must go into the other file. */
  get isFull(): boolean {
    return this.#at >= this.#files.fileBytes;
  }

  /** Appends a record, one at a time. After a failure nothing may be appended any more. */
  async append(writes: readonly Write[]): Promise<void> {
    const { mark, sequence } = this.#position;
    const record = this.#encoder.encode(sequence + 1, writes);
    await this.#file.write(record, this.#at);
    this.#at += pagesOf(record.length);
    this.#position = { mark, sequence: sequence + 1 };
    this.#files.noteEnd(this.#position);
  }

  /** Goes on at the start of the other file, whose records must all be applied. */
  turnOver(): void {
    [this.#file, this.#other] = [this.#other, this.#file];
    this.#at = 0;
  }

  /** All records of the other file are applied: the file is cut back to its fixed size. */
  async free(): Promise<void> {
    const { fileBytes } = this.#files;
    if (this.#other.sizeBytes > fileBytes) {
      await this.#other.shrink(fileBytes);
    }
  }

  close(): Promise<void> {
    return this.#files.close();
  }
}
