import type { System } from '../systems/system.ts';
import type { Stage } from './stage.ts';

export interface Figure {
  readonly key: string;
  readonly title: string;
  readonly unit: '/s' | 'ms' | 's' | 'µs' | 'B' | 'MB';
}

/** The values of one measurement, by figure. Figures that a system cannot do are absent. */
export type Values = Readonly<Record<string, number>>;

/** A row of the benchmark: its figures, and how they are measured on a stage with a fresh server. */
export interface Row {
  readonly number: number;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Whether the row is measured only with --full. */
  readonly isLong?: true;
  /** Whether the row is measured in one round only, because it takes long. */
  readonly isOneRound?: true;
  /** Whether a system can do what the row measures. */
  readonly isFor: (system: System) => boolean;
  measure(stage: Stage): Promise<Values>;
}
