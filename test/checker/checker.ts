import { type CountClass, counts } from './counts.ts';
import { failureRules } from './failure-rules.ts';
import type { Recorded } from './history.ts';
import { readLives, type TaskLife } from './lives.ts';

/** Each of these is a defect. */
export const failureClasses = [
  'lost',
  'stuck',
  'phantom',
  'duplicate',
  'resurrected',
  'stale accepted',
  'token returned',
  'vanished',
  'spurious re-run',
  'slow recovery',
] as const;
export type FailureClass = (typeof failureClasses)[number];

export interface Failure {
  readonly class: FailureClass;
  readonly task: string;
  readonly message: string;
}

export interface Verdict {
  readonly failures: readonly Failure[];
  /** What the promises allow and an operator wants to know. */
  readonly counts: Readonly<Record<CountClass, number>>;
  readonly tasks: number;
}

/**
 * Judges a history. Each task is a small state machine of its own; a history is
 * good if each of them is, and if work went on after the faults as before.
 */
export const check = (history: readonly Recorded[]): Verdict => {
  const lives = readLives(history);
  const all: readonly TaskLife[] = [...lives.values()];
  return {
    failures: failureRules.flatMap((rule) => rule(all, history)),
    counts: counts(all),
    tasks: all.length,
  };
};
