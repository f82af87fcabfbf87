import { counts } from './counts.ts';
import { failureRules } from './failure-rules.ts';
import type { Recorded } from './history.ts';
import { readLives, type TaskLife } from './lives.ts';
import type { Verdict } from './verdict.ts';

export type { Failure, FailureClass, Verdict } from './verdict.ts';

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
