import { createHash } from 'node:crypto';

/** What is known of a list of files. Its size does not depend on theirs. */
export interface Summary {
  readonly files: number;
  /** Files of the list that were gone or could not be read. */
  readonly unread: number;
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
  /** How often each word of the vocabulary occurs, in the order of the vocabulary. */
  readonly counts: readonly number[];
  /** Hexadecimal; of a list over the digests of its files, of a merge over those of its parts. */
  readonly sha256: string;
}

/** Summaries merged at once, which is the fan-in of the tree. */
export const FAN_IN = 8;

/** Cuts a list into pieces of `size`, in order; the last may be shorter. */
export const piecesOf = <T>(list: readonly T[], size: number): T[][] => {
  const pieces: T[][] = [];
  for (let at = 0; at < list.length; at += size) {
    pieces.push(list.slice(at, at + size));
  }
  return pieces;
};

const sum = (parts: readonly Summary[], field: (part: Summary) => number): number =>
  parts.reduce((total, part) => total + field(part), 0);

/** One summary of several, which are in file order: the digest depends on it. */
export const mergeSummaries = (parts: readonly Summary[]): Summary => {
  const digest = createHash('sha256');
  for (const part of parts) {
    digest.update(part.sha256, 'hex');
  }
  const vocabularySize = parts[0]?.counts.length ?? 0;
  return {
    files: sum(parts, (part) => part.files),
    unread: sum(parts, (part) => part.unread),
    bytes: sum(parts, (part) => part.bytes),
    lines: sum(parts, (part) => part.lines),
    words: sum(parts, (part) => part.words),
    counts: Array.from({ length: vocabularySize }, (_, word) =>
      sum(parts, (part) => part.counts[word] ?? 0),
    ),
    sha256: digest.digest('hex'),
  };
};

/**
 * Merges level by level, `FAN_IN` neighbours at a time, until one is left. Whoever
 * merges, the tree has the same shape, so that its digest is the same.
 */
export const mergeTree = async (
  leaves: readonly Summary[],
  mergeLevel: (groups: Summary[][]) => Promise<Summary[]>,
): Promise<Summary> => {
  let level = await mergeLevel(piecesOf(leaves, FAN_IN));
  while (level.length > 1) {
    level = await mergeLevel(piecesOf(level, FAN_IN));
  }
  return level[0] ?? mergeSummaries([]);
};

/** How many merges `mergeTree` makes of so many leaves. */
export const mergesOf = (leaves: number): number => {
  const groups = Math.ceil(leaves / FAN_IN);
  return groups > 1 ? groups + mergesOf(groups) : groups;
};
