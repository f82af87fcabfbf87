import type { QueueReport } from '../engine/core/queue.ts';
import { tuning } from '../tuning.ts';

interface Sample {
  readonly atMs: number;
  readonly enqueued: number;
  readonly finished: number;
}

export interface QueueRates {
  readonly inPerSecond: number;
  readonly outPerSecond: number;
}

/** Tasks that ended since the store was made. */
export const finishedOf = ({ totals }: QueueReport): number =>
  totals.succeeded + totals.dead + totals.cancelled + totals.expired;

/** Tasks that enter and leave each queue per second, from samples of its totals. */
export class Rates {
  readonly #samples = new Map<string, Sample[]>();

  sample(queues: readonly QueueReport[], atMs: number): void {
    for (const queue of queues) {
      const samples = this.#samples.get(queue.name) ?? [];
      samples.push({ atMs, enqueued: queue.totals.enqueued, finished: finishedOf(queue) });
      this.#samples.set(queue.name, samples.slice(-tuning.rateSamples - 1));
    }
  }

  of(queue: string): QueueRates {
    const samples = this.#samples.get(queue) ?? [];
    const first = samples[0];
    const last = samples[samples.length - 1];
    if (first === undefined || last === undefined || first.atMs === last.atMs) {
      return { inPerSecond: 0, outPerSecond: 0 };
    }
    const seconds = (last.atMs - first.atMs) / 1_000;
    return {
      inPerSecond: (last.enqueued - first.enqueued) / seconds,
      outPerSecond: (last.finished - first.finished) / seconds,
    };
  }
}
