/**
 * Writes a key, each character as a byte. For short keys a loop is faster than the platform.
 *
 * @returns where the key ends
 */
export const writeKey = (key: string, target: Uint8Array, start: number): number => {
  for (let i = 0; i < key.length; i++) {
    target[start + i] = key.charCodeAt(i);
  }
  return start + key.length;
};

export const readKey = (source: Buffer, start: number, end: number): string =>
  source.toString('latin1', start, end);
