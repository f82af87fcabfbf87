import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { retryDelayMs, retryPolicyOf } from './retry-policy.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('the wait after the n-th failure lies between half and all of min(600 s, 1 s * 2^(n-1))', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), random, (failures, chance) => {
      const ceilingMs = Math.min(600_000, 1_000 * 2 ** (failures - 1));
      const delayMs = retryDelayMs(failures, chance);
      expect(delayMs).toBeGreaterThanOrEqual(ceilingMs / 2);
      expect(delayMs).toBeLessThanOrEqual(ceilingMs);
    }),
  );
});

/** The waits after the first failures, without their random part. */
const waits = (...[options]: Parameters<typeof retryPolicyOf>): number[] => {
  const policy = retryPolicyOf({ ...options, jitter: 0 });
  return [1, 2, 3, 4, 5, 1_000_000].map((failures) => retryDelayMs(failures, 0.7, policy));
};

describe('a policy', () => {
  test('grows by its factor up to its cap', () => {
    const backoff = { baseMs: 10, factor: 3, maxMs: 200 };
    expect(waits({ backoff })).toEqual([10, 30, 90, 200, 200, 200]);
  });

  test('doubles up to 10 min unless it says otherwise', () => {
    expect(waits({ backoff: { baseMs: 100_000 } })).toEqual([
      100_000, 200_000, 400_000, 600_000, 600_000, 600_000,
    ]);
  });

  test('has no cap below its first wait', () => {
    expect(waits({ backoff: { baseMs: 900_000 } })).toEqual(Array(6).fill(900_000));
  });

  test('waits always the same', () => {
    expect(waits({ backoff: { fixedMs: 7 } })).toEqual(Array(6).fill(7));
  });

  test('goes through its list, whose last wait repeats', () => {
    expect(waits({ backoff: [5, 0, 60] })).toEqual([5, 0, 60, 60, 60, 60]);
  });

  test('spreads the part of a wait that is random', () => {
    fc.assert(
      fc.property(random, fc.double({ min: 0, max: 1, noNaN: true }), (chance, jitter) => {
        const policy = retryPolicyOf({ backoff: { fixedMs: 1_000 }, jitter });
        const delayMs = retryDelayMs(1, chance, policy);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(1_000 * (1 - jitter)));
        expect(delayMs).toBeLessThanOrEqual(1_000);
      }),
    );
  });

  test('is none where neither backoff nor jitter is chosen', () => {
    expect(retryPolicyOf({})).toBeUndefined();
    expect(retryPolicyOf({ attempts: 3 })).toBeUndefined();
  });
});
