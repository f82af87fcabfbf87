/**
 * Writes a key, a character of which is a byte. Keys are short: character by
 * character is faster than asking the platform.
 *
 * @returns where it ends
 */
export const writeKey = (key: string, target: Uint8Array, start: number): number => {
  for (let i = 0; i < key.length; i++) {
    target[start + i] = key.charCodeAt(i);
  }
  return start + key.length;
};

export const readKey = (source: Buffer, start: number, end: number): string =>
  source.toString('latin1', start, end);
