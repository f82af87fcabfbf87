/** Compares durable millrace with other systems in the same rounds, for the figures that have a goal. */
import type { RowResult } from './results.ts';

interface Place {
  readonly row: number;
  readonly figure: string;
}

interface Pair extends Place {
  readonly against: string;
}

interface Comparison extends Pair {
  readonly goal: string;
}

export const comparisons: readonly Comparison[] = [
  { row: 1, figure: 'single', against: 'bullmq', goal: '≥ 5' },
  { row: 1, figure: 'bulk', against: 'bullmq', goal: '≥ 5' },
  { row: 1, figure: 'single', against: 'beanstalkd', goal: '> 1' },
  { row: 2, figure: 'drain', against: 'bullmq', goal: '≥ 8' },
  { row: 2, figure: 'drain', against: 'beanstalkd', goal: '≥ 2' },
  { row: 3, figure: 'at2000', against: 'bare', goal: '≥ 0.6' },
  { row: 3, figure: 'at2000', against: 'bullmq', goal: '≥ 15' },
  { row: 3, figure: 'at2000', against: 'bullmq-always', goal: '≥ 30' },
  { row: 3, figure: 'server', against: 'bare', goal: '≤ 1.7' },
  { row: 4, figure: 'p50', against: 'bare', goal: '≤ 1.5' },
  { row: 4, figure: 'p50', against: 'bullmq-always', goal: '< 1' },
  { row: 5, figure: 'server', against: 'bare', goal: '≤ 1.7' },
  { row: 5, figure: 'serverAtSame', against: 'bare', goal: '≤ 1.7' },
];

const figuresOf = (row: RowResult | undefined, system: string, figure: string): readonly number[] =>
  (row?.values[system] ?? []).map((values) => values[figure] ?? Number.NaN);

const rowNumbered = (rows: readonly RowResult[], number: number): RowResult | undefined =>
  rows.find((row) => row.number === number);

export const figureTitle = (rows: readonly RowResult[], { figure, row }: Place): string =>
  rowNumbered(rows, row)?.figures.find(({ key }) => key === figure)?.title ?? figure;

/** The ratio in each round that both systems completed. */
export const ratiosOf = (
  rows: readonly RowResult[],
  { against, figure, row }: Pair,
): readonly number[] => {
  const found = rowNumbered(rows, row);
  const others = figuresOf(found, against, figure);
  return figuresOf(found, 'millrace', figure)
    .map((value, round) => value / (others[round] ?? Number.NaN))
    .filter(Number.isFinite);
};
