import { expect, test } from 'vitest';
import { RunTimes } from './run-times.ts';

test('the 95th percentile is undefined before the first run', () => {
  expect(new RunTimes().p95Ms).toBeUndefined();
});

test('the 95th percentile is a fifth too high at most', () => {
  const times = new RunTimes();
  for (let run = 1; run <= 1_000; run++) {
    times.note(run);
  }
  expect(times.p95Ms).toBeGreaterThanOrEqual(950);
  expect(times.p95Ms).toBeLessThan(950 * 1.2);
});

test('old runs fade', () => {
  const times = new RunTimes();
  for (let run = 0; run < 2_000; run++) {
    times.note(60_000);
  }
  for (let run = 0; run < 20_000; run++) {
    times.note(10);
  }
  expect(times.p95Ms).toBeLessThan(12);
});

test('runs of zero time and of a year are counted', () => {
  const times = new RunTimes();
  times.note(0);
  expect(times.p95Ms).toBeLessThan(2);
  times.note(365 * 86_400_000);
  times.note(365 * 86_400_000);
  expect(times.p95Ms).toBeGreaterThan(2 ** 32);
});
