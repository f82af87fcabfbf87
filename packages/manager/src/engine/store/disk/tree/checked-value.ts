import { crcOf } from './crc32.ts';

/**
 * A value as the tree has it:
 *
 * | bytes | what |
 * |---|---|
 * | 1 | 0xc1, with which no MessagePack value begins |
 * | 4 | CRC-32 of key and value, big-endian |
 * | … | the value |
 *
 * A tree of millrace 0.1 has bare values, without these five bytes.
 */
const CHECKED = 0xc1;
const HEAD_BYTES = 5;

/** Bytes that a checksum adds to a value. */
export const CHECK_BYTES = HEAD_BYTES;

/** Writes a value with its checksum at this offset. @returns where it ends */
export const writeChecked = (
  key: string,
  value: Uint8Array,
  target: Buffer,
  start: number,
): number => {
  const crc = crcOf(key, value);
  // The bytes are set one by one, because a method of Buffer checks its arguments for each row.
  target[start] = CHECKED;
  target[start + 1] = crc >>> 24;
  target[start + 2] = crc >>> 16;
  target[start + 3] = crc >>> 8;
  target[start + 4] = crc;
  target.set(value, start + HEAD_BYTES);
  return start + HEAD_BYTES + value.length;
};

export const checked = (key: string, value: Uint8Array): Buffer => {
  const target = Buffer.allocUnsafeSlow(HEAD_BYTES + value.length);
  writeChecked(key, value, target, 0);
  return target;
};

export type Seen = 'checked' | 'bare' | 'damaged';

/** Whether a stored value begins as one with a checksum does. */
export const isMarked = (stored: Uint8Array): boolean => stored[0] === CHECKED;

/** Whether the checksum of a stored value is right. */
export const seenAs = (key: string, stored: Uint8Array): Seen => {
  if (!isMarked(stored)) {
    return 'bare';
  }
  if (stored.length < HEAD_BYTES) {
    return 'damaged';
  }
  const [a = 0, b = 0, c = 0, d = 0] = [stored[1], stored[2], stored[3], stored[4]];
  const crc = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return crc === crcOf(key, stored.subarray(HEAD_BYTES)) ? 'checked' : 'damaged';
};

/** The value of a stored one whose checksum is right. A view of `stored`. */
export const valueOf = (stored: Uint8Array): Uint8Array => stored.subarray(HEAD_BYTES);
