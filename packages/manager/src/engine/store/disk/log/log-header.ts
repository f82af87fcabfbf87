import { crc32 } from 'node:zlib';
import { MARK_BYTES } from './log-record.ts';

/**
 * The first page of a log file says which file of which log it is, so that a zeroed or swapped
 * file is told from an empty one. Numbers are big-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 16 | `millrace log 1` and zeros |
 * | 12 | the mark of the log |
 * | 2 | number of the file |
 * | 6 | bytes of the file behind this page |
 * | 4 | CRC-32 of all bytes before |
 */
export interface LogHeader {
  readonly mark: Uint8Array;
  readonly number: number;
  readonly fileBytes: number;
}

export const LOG_HEADER_BYTES = 4_096;
const TITLE = Buffer.concat([Buffer.from('millrace log 1')], 16);
const MARK_AT = TITLE.length;
const NUMBER_AT = MARK_AT + MARK_BYTES;
const BYTES_AT = NUMBER_AT + 2;
const CHECKSUM_AT = BYTES_AT + 6;

export const encodeLogHeader = ({ fileBytes, mark, number }: LogHeader): Buffer => {
  const page = Buffer.alloc(LOG_HEADER_BYTES);
  page.set(TITLE);
  page.set(mark, MARK_AT);
  page.writeUInt16BE(number, NUMBER_AT);
  page.writeUIntBE(fileBytes, BYTES_AT, 6);
  page.writeUInt32BE(crc32(page.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return page;
};

/** The header at the beginning of a file; undefined when there is none, or a damaged one. */
export const decodeLogHeader = (page: Buffer): LogHeader | undefined => {
  const isWhole =
    page.length >= LOG_HEADER_BYTES &&
    page.subarray(0, TITLE.length).equals(TITLE) &&
    page.readUInt32BE(CHECKSUM_AT) === crc32(page.subarray(0, CHECKSUM_AT));
  return isWhole
    ? {
        mark: Uint8Array.from(page.subarray(MARK_AT, NUMBER_AT)),
        number: page.readUInt16BE(NUMBER_AT),
        fileBytes: page.readUIntBE(BYTES_AT, 6),
      }
    : undefined;
};
