/** The most edits that count as a typo: one in a short word, three in a long one. */
const tolerance = (word: string): number => Math.min(3, Math.max(1, Math.floor(word.length / 3)));

/** Edits between two words: insertions, deletions, substitutions, swaps of neighbours. */
const distance = (from: string, to: string): number => {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(from.length, to.length);
};

/** The known word that was probably meant; undefined if none is close enough. */
export const closest = (word: string, known: readonly string[]): string | undefined => {
  const ranked = known
    .map((candidate) => ({
      candidate,
      edits: distance(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .toSorted((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best !== undefined && best.edits <= tolerance(word) ? best.candidate : undefined;
};

/** ` (did you mean X?)`, or else the known words. */
export const suggestion = (word: string, known: readonly string[]): string => {
  const meant = closest(word, known);
  if (meant !== undefined) {
    return ` (did you mean ${meant}?)`;
  }
  return known.length === 0 ? '; there are none' : `; choose from ${known.join(', ')}`;
};
