import { describe, expect, test } from 'vitest';
import { median, quantile, spreadOf } from './statistics.ts';

describe('statistics of the benchmark', () => {
  test('the median of an even number of values is the mean of the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
  });

  test('a quantile is one of the values', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.5, 0.99, 0.999].map((at) => quantile(values, at))).toEqual([51, 100, 100]);
    expect(quantile([], 0.5)).toBe(0);
  });

  test('a spread has the least and the greatest value', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });
});
