/** Edits that a typo may need: one in a short word, three in a long one. */
const tolerance = (word: string): number => Math.min(3, Math.max(1, Math.floor(word.length / 3)));

/** Insertions, deletions and substitutions that turn one word into the other. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of from.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of to.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};

/** The known word that was probably meant. */
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

/** ` (did you mean X?)`, or the words that there are. */
export const suggestion = (word: string, known: readonly string[]): string => {
  const meant = closest(word, known);
  return meant === undefined ? `; there are ${known.join(', ')}` : ` (did you mean ${meant}?)`;
};
