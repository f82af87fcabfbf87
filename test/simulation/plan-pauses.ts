import type { Random } from '../support/random.ts';

/** A queue that an operator pauses for a while. */
export interface Pause {
  readonly atMs: number;
  readonly queue: string;
  readonly forMs: number;
}

/** Seeds in which an operator pauses queues. */
const SHARE = 0.25;
const FOR_MAX_MS = 8_000;

/** Each queue at most once: what a late message of one pause does to another cannot be judged. */
export const planPauses = (random: Random, busyMs: number, queues: readonly string[]): Pause[] => {
  if (random.next() >= SHARE) {
    return [];
  }
  return queues
    .filter(() => random.next() < 0.6)
    .map((queue) => ({
      atMs: random.between(0, busyMs),
      queue,
      forMs: random.between(0, FOR_MAX_MS),
    }));
};
