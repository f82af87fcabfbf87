import type { Random } from '../support/random.ts';

/** A pause of a queue by an operator. */
export interface Pause {
  readonly atMs: number;
  readonly queue: string;
  readonly forMs: number;
}

/** The share of seeds in which an operator pauses queues. */
const SHARE = 0.25;
const FOR_MAX_MS = 8_000;

/** Each queue is paused at most once: the checker cannot judge a late message of one pause during another. */
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
