import { createHash } from 'node:crypto';

/** The digest of a list of files. The size of a summary does not depend on the files. */
export interface Summary {
  readonly files: number;
  /** Files of the list that were gone or unreadable. */
  readonly unread: number;
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
  /** How often each word of the vocabulary occurs, in the order of the vocabulary. */
  readonly counts: readonly number[];
  /** Hexadecimal SHA-256 over the digests of the files, or over those of the merged summaries. */
  readonly sha256: string;
}

/** Number of summaries that one task merges. */
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

/** Merges summaries into one. They must be in file order, because the digest depends on it. */
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
 * Merges level by level, `FAN_IN` neighbours at a time, until one is left. The shape
 * of the tree depends only on the number of leaves, so every caller of `mergeTree`
 * gets the same digest.
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

/** Number of merges that `mergeTree` makes for a number of leaves. */
export const mergesOf = (leaves: number): number => {
  const groups = Math.ceil(leaves / FAN_IN);
  return groups > 1 ? groups + mergesOf(groups) : groups;
};
