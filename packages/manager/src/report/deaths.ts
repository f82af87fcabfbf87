import { limits } from '@millrace/protocol';
import type { QueueReport } from '../engine/core/queue.ts';
import { Tally } from '../structures/tally.ts';
import { finishedOf } from './rates.ts';

interface Totals {
  readonly dead: number;
  readonly ended: number;
}

export interface QueueDeaths {
  readonly diedLately: number;
  readonly endedLately: number;
}

/** Counts the tasks that died lately, and all that ended lately, from samples of the totals. */
export class Deaths {
  readonly #dead = new Tally(limits.deathsShownMs, limits.queuesMax);
  readonly #ended = new Tally(limits.deathsShownMs, limits.queuesMax);
  #before: Map<string, Totals> | undefined;

  /** The totals are those since the store was made, so the first sample counts nothing. */
  sample(queues: readonly QueueReport[], nowMs: number): void {
    const before = this.#before;
    this.#before = new Map();
    for (const queue of queues) {
      const { name, totals } = queue;
      const { dead } = totals;
      const ended = finishedOf(queue);
      this.#before.set(name, { dead, ended });
      if (before !== undefined) {
        const last = before.get(name);
        note(this.#dead, name, nowMs, dead - (last?.dead ?? 0));
        note(this.#ended, name, nowMs, ended - (last?.ended ?? 0));
      }
    }
  }

  /** A lookup by queue. */
  lately(nowMs: number): (queue: string) => QueueDeaths {
    const dead = this.#dead.counts(nowMs);
    const ended = this.#ended.counts(nowMs);
    return (queue) => ({
      diedLately: dead.get(queue) ?? 0,
      endedLately: ended.get(queue) ?? 0,
    });
  }
}

const note = (tally: Tally, queue: string, nowMs: number, by: number): void => {
  if (by > 0) {
    tally.count(queue, nowMs, by);
  }
};
