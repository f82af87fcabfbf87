import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { crcOf } from './crc32.ts';

const LONGEST = 300;
const KEY_BYTES = 9;

test('the checksum of a key and a value of any length is that of their bytes', () => {
  const bytes = Buffer.from(
    Array.from({ length: LONGEST + KEY_BYTES }, (_, n) => (n * 151) & 0xff),
  );
  for (let keyBytes = 0; keyBytes <= KEY_BYTES; keyBytes++) {
    const key = bytes.toString('latin1', 0, keyBytes);
    for (let length = 0; length <= LONGEST; length++) {
      const value = bytes.subarray(keyBytes, keyBytes + length);
      expect(crcOf(key, value)).toBe(crc32(bytes.subarray(0, keyBytes + length)));
    }
  }
});
