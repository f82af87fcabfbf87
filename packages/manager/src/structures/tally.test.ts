import { expect, test } from 'vitest';
import { Tally } from './tally.ts';

test('events are counted for one to two spans', () => {
  const tally = new Tally(10, 5);
  tally.count('a', 0);
  tally.count('a', 9);
  tally.count('b', 11);
  expect([...tally.counts(12)]).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
  expect([...tally.counts(21)]).toEqual([['b', 1]]);
  expect([...tally.counts(60)]).toEqual([]);
});

test('keys beyond the most share one', () => {
  const tally = new Tally(10, 2);
  for (const key of ['a', 'b', 'c', 'd', 'a']) {
    tally.count(key, 0);
  }
  expect([...tally.counts(1)]).toEqual([
    ['a', 2],
    ['b', 1],
    ['', 2],
  ]);
});
