import { plainText } from './plain-text.ts';
import { displayWidth } from './width.ts';

/** A table. Numbers are aligned right, text and the first column left. */
export const renderTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  cells: 'numbers' | 'text' = 'numbers',
): string => {
  const all = [head, ...rows.map((row) => row.map(plainText))];
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => displayWidth(row[column] ?? ''))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
        return column === 0 || cells === 'text' ? cell + padding : padding + cell;
      })
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
};
