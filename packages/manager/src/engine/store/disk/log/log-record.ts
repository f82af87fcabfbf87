import { hash } from 'node:crypto';
import { tuning } from '../../../../tuning.ts';
import { KEY_MAX_BYTES, type Write } from '../../journal.ts';
import { readKey, writeKey } from '../../key-bytes.ts';

/**
 * A record of the log holds the writes of one commit. A record is valid as a whole or not at
 * all. Numbers are big-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 12 | the mark of the log: random, so that neither a payload nor a record of another log is taken for a record of this one |
 * | 16 | checksum: the beginning of the SHA-256 of all bytes behind it |
 * | 6 | sequence: one more than that of the record before |
 * | 6 | bytes of the writes |
 * | … | the writes: bytes of the key (2), bytes of the value (4), key, value |
 */
export interface LogRecord {
  readonly sequence: number;
  readonly writes: readonly Write[];
  /** Offset of its end in the file. */
  readonly endsAt: number;
}

export const MARK_BYTES = 12;
const CHECKSUM_BYTES = 16;
const COUNT_BYTES = 6;
const CHECKED_AT = MARK_BYTES + CHECKSUM_BYTES;
const LENGTH_AT = CHECKED_AT + COUNT_BYTES;
const HEAD_BYTES = LENGTH_AT + COUNT_BYTES;
const WRITE_HEAD_BYTES = 6;
/** Stands in place of a value's length when the key is removed. */
const REMOVED = 0xff_ff_ff_ff;

const checksumOf = (record: Buffer): Buffer =>
  hash('sha256', record.subarray(CHECKED_AT), 'buffer').subarray(0, CHECKSUM_BYTES);

const bytesOf = (writes: readonly Write[]): number => {
  let bytes = 0;
  for (const { key, value } of writes) {
    bytes += WRITE_HEAD_BYTES + key.length + (value?.length ?? 0);
  }
  return bytes;
};

/**
 * @returns where the write ends
 * @throws RangeError when the key is too long for a tree
 */
const encodeWrite = ({ key, value }: Write, target: Buffer, start: number): number => {
  if (key.length > KEY_MAX_BYTES) {
    throw new RangeError(
      `a key of ${key.length} bytes is too long; ${KEY_MAX_BYTES} bytes are allowed`,
    );
  }
  target.writeUInt16BE(key.length, start);
  target.writeUInt32BE(value?.length ?? REMOVED, start + 2);
  const at = writeKey(key, target, start + WRITE_HEAD_BYTES);
  if (value === undefined) {
    return at;
  }
  target.set(value, at);
  return at + value.length;
};

/** Encodes the records of one log. */
export class RecordEncoder {
  readonly #mark: Uint8Array;
  /** Memory for the next record; a larger record gets memory of its own. */
  readonly #kept = Buffer.allocUnsafeSlow(tuning.logKeptBytes);

  constructor(mark: Uint8Array) {
    this.#mark = mark;
  }

  /** The bytes of a record; overwritten by the next call. */
  encode(sequence: number, writes: readonly Write[]): Buffer {
    const bodyBytes = bytesOf(writes);
    const record = this.#room(HEAD_BYTES + bodyBytes);
    record.writeUIntBE(sequence, CHECKED_AT, COUNT_BYTES);
    record.writeUIntBE(bodyBytes, LENGTH_AT, COUNT_BYTES);
    let at = HEAD_BYTES;
    for (const write of writes) {
      at = encodeWrite(write, record, at);
    }
    record.set(this.#mark);
    record.set(checksumOf(record), MARK_BYTES);
    return record;
  }

  #room(bytes: number): Buffer {
    return bytes > this.#kept.length
      ? Buffer.allocUnsafeSlow(bytes)
      : this.#kept.subarray(0, bytes);
  }
}

/** The writes of a record whose checksum is right; the values are slices of `body`. */
const decodeWrites = (body: Buffer): Write[] => {
  const writes: Write[] = [];
  for (let at = 0; at < body.length; ) {
    const keyAt = at + WRITE_HEAD_BYTES;
    const valueAt = keyAt + body.readUInt16BE(at);
    const valueBytes = body.readUInt32BE(at + 2);
    const key = readKey(body, keyAt, valueAt);
    at = valueBytes === REMOVED ? valueAt : valueAt + valueBytes;
    writes.push({ key, value: valueBytes === REMOVED ? undefined : body.subarray(valueAt, at) });
  }
  return writes;
};

/** The record that begins at this offset; undefined for torn bytes, old bytes, and records of another log. */
export const recordAt = (mark: Uint8Array, file: Buffer, at: number): LogRecord | undefined => {
  const isMarked = file.subarray(at, at + MARK_BYTES).equals(mark);
  if (!isMarked || at + HEAD_BYTES > file.length) {
    return undefined;
  }
  const endsAt = at + HEAD_BYTES + file.readUIntBE(at + LENGTH_AT, COUNT_BYTES);
  const record = file.subarray(at, endsAt);
  const checksum = record.subarray(MARK_BYTES, CHECKED_AT);
  if (endsAt > file.length || !checksum.equals(checksumOf(record))) {
    return undefined;
  }
  const sequence = record.readUIntBE(CHECKED_AT, COUNT_BYTES);
  return { sequence, writes: decodeWrites(record.subarray(HEAD_BYTES)), endsAt };
};

/** The first valid record at or behind this offset. */
export const nextRecord = (mark: Uint8Array, file: Buffer, from: number): LogRecord | undefined => {
  for (let at = file.indexOf(mark, from); at >= 0; at = file.indexOf(mark, at + 1)) {
    const record = recordAt(mark, file, at);
    if (record !== undefined) {
      return record;
    }
  }
  return undefined;
};
