import { crc32 } from 'node:zlib';

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xed_b8_83_20;
  }
  return value;
});

/** Longer bytes are faster in the library of the platform. */
const NATIVE_FROM_BYTES = 64;

/** CRC-32 of a key, each character as a byte. */
const ofKey = (key: string): number => {
  let crc = ~0;
  for (let i = 0; i < key.length; i++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ key.charCodeAt(i)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
};

const withBytes = (before: number, bytes: Uint8Array): number => {
  if (bytes.length >= NATIVE_FROM_BYTES) {
    return crc32(bytes, before);
  }
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
};

/** CRC-32 of a key and its value, as if one stood behind the other. */
export const crcOf = (key: string, value: Uint8Array): number => withBytes(ofKey(key), value);
