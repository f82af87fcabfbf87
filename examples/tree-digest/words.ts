/** Letters of the shortest word that can be frequent; shorter words say little about a tree. */
const MIN_LETTERS = 3;
const LINE_FEED = 0x0a;
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/** For each byte its lower-case letter, or 0. A word is a run of ASCII letters. */
const letterOf = new Uint8Array(256);
for (let upper = 0x41; upper <= 0x5a; upper++) {
  letterOf[upper] = upper + 0x20;
  letterOf[upper + 0x20] = upper + 0x20;
}

const hashOf = (word: string): number => {
  let hash = HASH_START;
  for (let at = 0; at < word.length; at++) {
    hash = Math.imul(hash ^ word.charCodeAt(at), HASH_PRIME);
  }
  return hash;
};

/**
 * Counts lines, words, and each word of a vocabulary. Counts of all words would grow
 * with the tree, and finally exceed the limit of a payload.
 */
export class WordCounter {
  readonly counts: number[];
  lines = 0;
  words = 0;
  readonly #indexes: ReadonlyMap<string, number>;
  /** Hashes of the vocabulary: most words of a binary file are noise, and never become strings. */
  readonly #hashes: ReadonlySet<number>;

  constructor(vocabulary: readonly string[]) {
    this.counts = vocabulary.map(() => 0);
    this.#indexes = new Map(vocabulary.map((word, index) => [word, index]));
    this.#hashes = new Set(vocabulary.map(hashOf));
  }

  /** Counts one file; a word ends with its file. */
  add(bytes: Buffer): void {
    let hash = HASH_START;
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      const letter = letterOf[byte] ?? 0;
      if (letter !== 0) {
        hash = Math.imul(hash ^ letter, HASH_PRIME);
        continue;
      }
      if (at > start) {
        this.#word(bytes, start, at, hash);
        hash = HASH_START;
      }
      this.lines += byte === LINE_FEED ? 1 : 0;
      start = at + 1;
    }
    if (bytes.length > start) {
      this.#word(bytes, start, bytes.length, hash);
    }
  }

  #word(bytes: Buffer, start: number, end: number, hash: number): void {
    this.words += 1;
    if (!this.#hashes.has(hash)) {
      return;
    }
    const index = this.#indexes.get(bytes.toString('latin1', start, end).toLowerCase());
    if (index !== undefined) {
      this.counts[index] = (this.counts[index] ?? 0) + 1;
    }
  }
}

export interface CountedWord {
  readonly word: string;
  readonly count: number;
}

/** The words with the highest counts; words with equal counts are in alphabetical order. */
export const mostFrequent = (counted: readonly CountedWord[], size: number): CountedWord[] =>
  counted.toSorted((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1)).slice(0, size);

/** The words that are most frequent in a sample of the tree. */
export const vocabularyOf = (sample: Iterable<Buffer>, size: number): string[] => {
  const counts = new Map<string, number>();
  for (const bytes of sample) {
    const text = bytes.toString('latin1').toLowerCase();
    for (const [word] of text.matchAll(/[a-z]+/g)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const counted = [...counts].map(([word, count]) => ({ word, count }));
  const long = counted.filter(({ word }) => word.length >= MIN_LETTERS);
  return mostFrequent(long, size).map(({ word }) => word);
};
