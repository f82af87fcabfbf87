/** A hash of 32 bits (FNV-1a) over the characters of a text; another `seed` gives another hash. */
export const fnv1a = (text: string, seed = 0): number => {
  let hash = 2_166_136_261 ^ seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  }
  return hash >>> 0;
};
