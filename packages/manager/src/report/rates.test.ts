import { expect, test } from 'vitest';
import type { QueueReport } from '../engine/core/queue.ts';
import { Rates } from './rates.ts';

const report = (enqueued: number, succeeded: number): QueueReport => ({
  name: 'q',
  size: { ready: 0, scheduled: 0, leased: 0, bytes: 0, freeItems: 0, freeBytes: 0 },
  totals: { enqueued, succeeded, dead: 0, cancelled: 0, expired: 0, regranted: 0, losses: 0 },
  retrying: 0,
  deadKept: 0,
  isPaused: false,
  runP95Ms: undefined,
  maxItems: 1,
  maxBytes: 1,
});

test('rates are zero before there are two samples', () => {
  const rates = new Rates();
  expect(rates.of('q')).toEqual({ inPerSecond: 0, outPerSecond: 0 });
  rates.sample([report(5, 5)], 0);
  expect(rates.of('q')).toEqual({ inPerSecond: 0, outPerSecond: 0 });
});

test('rates are averaged over the samples', () => {
  const rates = new Rates();
  rates.sample([report(0, 0)], 0);
  rates.sample([report(10, 0)], 1_000);
  rates.sample([report(30, 20)], 2_000);
  expect(rates.of('q')).toEqual({ inPerSecond: 15, outPerSecond: 10 });
});

test('rates forget samples that are too old', () => {
  const rates = new Rates();
  for (let second = 0; second <= 20; second++) {
    rates.sample([report(second <= 10 ? second * 100 : 1_000, 0)], second * 1_000);
  }
  expect(rates.of('q').inPerSecond).toBe(0);
});

test('samples taken at one instant give no rate', () => {
  const rates = new Rates();
  rates.sample([report(0, 0)], 0);
  rates.sample([report(10, 0)], 0);
  expect(rates.of('q')).toEqual({ inPerSecond: 0, outPerSecond: 0 });
});
