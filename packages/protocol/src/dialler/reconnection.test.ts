import { expect, test } from 'vitest';
import { limits } from '../words/limits.ts';
import { Reconnection } from './reconnection.ts';

const GRACE_MS = 2_000;

/** Times of the attempts after a connection that was lost at 0, with the longest waits. */
const attemptsUntil = (endMs: number, graceMs: number): number[] => {
  const reconnection = new Reconnection();
  const attempts: number[] = [];
  for (let nowMs = 0; nowMs < endMs; ) {
    nowMs += reconnection.delayMs(nowMs, graceMs, 0.999);
    attempts.push(nowMs);
  }
  return attempts;
};

test('while leases depend on it, a dialler dials often until the grace ends', () => {
  const attempts = attemptsUntil(GRACE_MS, GRACE_MS);
  const waits = attempts.map((atMs, index) => atMs - (attempts[index - 1] ?? 0));
  expect(Math.max(...waits)).toBeLessThanOrEqual(limits.resumeRetryMaxMs);
});

test('after the grace its waits grow to their bound', () => {
  const attempts = attemptsUntil(60_000, GRACE_MS);
  const last = attempts.at(-1) ?? 0;
  expect(last - (attempts.at(-2) ?? 0)).toBeGreaterThan(limits.reconnectMaxMs * 0.9);
});

test('without leases its waits grow from the beginning', () => {
  const [first = 0, second = 0] = attemptsUntil(1_000, 0);
  expect(second - first).toBeGreaterThan(first);
});

test('a connection that stands begins a new grace', () => {
  const reconnection = new Reconnection();
  reconnection.delayMs(0, GRACE_MS, 0);
  expect(reconnection.delayMs(GRACE_MS, GRACE_MS, 0.999)).toBeGreaterThan(limits.resumeRetryMaxMs);
  reconnection.up();
  expect(reconnection.delayMs(10_000, GRACE_MS, 0.999)).toBeLessThan(limits.resumeRetryMaxMs);
});
