/** The results of a run of the benchmark, as they are written to a file. */
import type { Figure, Values } from '../rows/row.ts';
import type { Machine } from './machine.ts';

export interface SystemResult {
  readonly name: string;
  readonly title: string;
  readonly durability: string;
  readonly version: string;
  /** Why the system was not measured. */
  readonly missing?: string;
}

export interface RowResult {
  readonly number: number;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** The values of each round, by system. */
  readonly values: Readonly<Record<string, readonly Values[]>>;
  /** The error texts of failed rounds, by system. */
  readonly failures: Readonly<Record<string, readonly string[]>>;
}

export interface Results {
  readonly startedAt: string;
  readonly minutes: number;
  readonly machine: Machine;
  readonly rounds: number;
  readonly systems: readonly SystemResult[];
  readonly rows: readonly RowResult[];
}

/** A row with the run that measured it. */
export interface MeasuredRow {
  readonly row: RowResult;
  readonly run: Results;
}

/** The first measurement of each row, in the order of the rows' numbers. */
export const newestOfEach = (runs: readonly Results[]): readonly MeasuredRow[] => {
  const found = new Map<string, MeasuredRow>();
  for (const run of runs) {
    for (const row of run.rows) {
      const key = `${row.number} ${row.title}`;
      if (!found.has(key)) {
        found.set(key, { row, run });
      }
    }
  }
  return [...found.values()].toSorted((a, b) => a.row.number - b.row.number);
};
