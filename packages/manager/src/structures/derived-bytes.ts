import { createHash } from 'node:crypto';

/** Bytes that only `secret` and `text` decide: random to all who do not know both. At most 64. */
export const derivedBytes = (secret: Uint8Array, text: string, bytes: number): Uint8Array =>
  createHash('sha512').update(secret).update(text).digest().subarray(0, bytes);
