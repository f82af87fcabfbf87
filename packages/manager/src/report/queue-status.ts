import type { QueueStatus } from '@millrace/protocol';
import type { QueueReport } from '../engine/core/queue.ts';
import type { WaitingLane } from '../engine/core/verbs/reports.ts';
import type { QueueDeaths } from './deaths.ts';
import type { HandledNames } from './handled-names.ts';
import type { Rates } from './rates.ts';

/** For each queue the greatest age among its lanes. */
const oldestByQueue = (waiting: readonly WaitingLane[]): Map<string, number> => {
  const oldest = new Map<string, number>();
  for (const { oldestMs, queue } of waiting) {
    if (oldestMs !== undefined) {
      oldest.set(queue, Math.max(oldestMs, oldest.get(queue) ?? 0));
    }
  }
  return oldest;
};

/** What a status says of the queues. */
export const queueStatuses = (
  queues: readonly QueueReport[],
  waiting: readonly WaitingLane[],
  rates: Rates,
  handled: HandledNames,
  deaths: (queue: string) => QueueDeaths,
): QueueStatus[] => {
  const oldest = oldestByQueue(waiting);
  return queues.map(({ deadKept, isPaused, maxItems, name, retrying, runP95Ms, size, totals }) => ({
    name,
    isPaused,
    ready: size.ready,
    running: size.leased,
    scheduled: size.scheduled,
    retrying,
    deadKept,
    ...deaths(name),
    bytes: size.bytes,
    maxItems,
    ...rates.of(name),
    oldestWaitingMs: oldest.get(name) ?? null,
    runP95Ms: runP95Ms ?? null,
    workers: handled.workersOf(name),
    ...totals,
  }));
};
