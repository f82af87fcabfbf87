import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import type { QueueReport } from '../engine/core/queue.ts';
import { Deaths } from './deaths.ts';

const queue = (name: string, succeeded: number, dead: number): QueueReport => ({
  name,
  size: { ready: 0, scheduled: 0, leased: 0, bytes: 0, freeItems: 0, freeBytes: 0 },
  totals: { enqueued: 0, succeeded, dead, cancelled: 0, expired: 0, regranted: 0, losses: 0 },
  retrying: 0,
  deadKept: dead,
  isPaused: false,
  runP95Ms: undefined,
  maxItems: 1,
  maxBytes: 1,
});

test('deaths before the start do not count, and those since the start fade', () => {
  const deaths = new Deaths();
  deaths.sample([queue('q', 10, 5)], 0);
  expect(deaths.lately(0)('q')).toEqual({ diedLately: 0, endedLately: 0 });
  deaths.sample([queue('q', 12, 6), queue('new', 0, 2)], 1_000);
  expect(deaths.lately(1_000)('q')).toEqual({ diedLately: 1, endedLately: 3 });
  expect(deaths.lately(1_000)('new')).toEqual({ diedLately: 2, endedLately: 2 });
  const laterMs = 1_000 + 2 * limits.deathsShownMs;
  deaths.sample([queue('q', 12, 6), queue('new', 0, 2)], laterMs);
  expect(deaths.lately(laterMs)('q')).toEqual({ diedLately: 0, endedLately: 0 });
});
