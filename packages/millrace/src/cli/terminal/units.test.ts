import { expect, test } from 'vitest';
import { exactDuration } from './units.ts';

test.each([
  [86_400_000, '1d'],
  [90_000, '90s'],
  [3_600_000, '1h'],
  [1_500, '1500ms'],
])('%i ms are exactly %s', (ms, text) => {
  expect(exactDuration(ms)).toBe(text);
});
