import { counts } from './counts.ts';
import { failureRules } from './failure-rules.ts';
import type { Recorded } from './history.ts';
import { readLives, type TaskLife } from './lives.ts';
import type { Verdict } from './verdict.ts';

export type { Failure, FailureClass, Verdict } from './verdict.ts';

/**
 * Judges a history. Most rules judge each task by itself; the others judge whether the
 * manager was as fast after the faults as before, and whether a paused queue rested.
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
