import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reconnectDelayMs } from './backoff.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('the wait before a reconnection is random, below 100 ms * 2^n and 5 s', () => {
  fc.assert(
    fc.property(fc.nat(5_000), random, (n, chance) => {
      const delayMs = reconnectDelayMs(n, chance);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThan(Math.min(5_000, 100 * 2 ** n));
    }),
  );
});

test('the waits before reconnections double until they reach 5 s', () => {
  const most = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => Math.round(reconnectDelayMs(n, 1)));
  expect(most).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});
