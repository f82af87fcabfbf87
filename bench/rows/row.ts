import type { System } from '../systems/system.ts';
import type { Stage } from './stage.ts';

export interface Figure {
  readonly key: string;
  readonly title: string;
  readonly unit: '/s' | 'ms' | 's' | 'µs' | 'B' | 'MB';
}

/** What one measurement yields, by figure; what a system cannot do is left out. */
export type Values = Readonly<Record<string, number>>;

/** A row of the benchmark: what is measured, and how, on a stage with a fresh server. */
export interface Row {
  readonly number: number;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Only with --full. */
  readonly isLong?: true;
  /** In one round, because it takes long. */
  readonly isOneRound?: true;
  /** Whether a system can do what the row asks for. */
  readonly isFor: (system: System) => boolean;
  measure(stage: Stage): Promise<Values>;
}
