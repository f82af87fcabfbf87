import { crc32 } from 'node:zlib';

/** Four tables, one after the other. The n-th table is for a byte with n bytes behind it. */
const TABLES = ((): Int32Array => {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xed_b8_83_20;
    }
    tables[byte] = value;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
})();

/** Longer values are faster in zlib, whose call costs more than a short loop (decision 0043). */
const NATIVE_FROM_BYTES = 200;

const addByte = (crc: number, byte: number): number =>
  (crc >>> 8) ^ (TABLES[(crc ^ byte) & 0xff] ?? 0);

/** Adds four bytes at once; the first byte is in the lowest bits. */
const addWord = (crc: number, word: number): number => {
  const mixed = crc ^ word;
  return (
    (TABLES[768 + (mixed & 0xff)] ?? 0) ^
    (TABLES[512 + ((mixed >>> 8) & 0xff)] ?? 0) ^
    (TABLES[256 + ((mixed >>> 16) & 0xff)] ?? 0) ^
    (TABLES[mixed >>> 24] ?? 0)
  );
};

/** CRC-32 of a key, each character as a byte. */
const ofKey = (key: string): number => {
  let crc = ~0;
  let i = 0;
  for (; i + 4 <= key.length; i += 4) {
    const low = key.charCodeAt(i) | (key.charCodeAt(i + 1) << 8);
    crc = addWord(crc, low | (key.charCodeAt(i + 2) << 16) | (key.charCodeAt(i + 3) << 24));
  }
  for (; i < key.length; i++) {
    crc = addByte(crc, key.charCodeAt(i));
  }
  return ~crc >>> 0;
};

const withBytes = (before: number, bytes: Uint8Array): number => {
  if (bytes.length >= NATIVE_FROM_BYTES) {
    return crc32(bytes, before);
  }
  let crc = ~before;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    const low = (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8);
    crc = addWord(crc, low | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24));
  }
  for (; i < bytes.length; i++) {
    crc = addByte(crc, bytes[i] ?? 0);
  }
  return ~crc >>> 0;
};

/** CRC-32 of a key and its value, as if one stood behind the other. */
export const crcOf = (key: string, value: Uint8Array): number => withBytes(ofKey(key), value);
