import { expect, test } from 'vitest';
import { HashSet } from './hash-set.ts';

const COUNT = 100_000;

test('a set knows each text that was added, and no other', () => {
  const set = new HashSet();
  for (let n = 0; n < COUNT; n++) {
    set.add(`id-${n}`);
    set.add(`id-${n}`);
  }
  expect(set.unmarked).toBe(COUNT);
  for (let n = 0; n < COUNT; n++) {
    expect(set.mark(`id-${n}`)).toBe(true);
    expect(set.mark(`other-${n}`)).toBe(false);
  }
  expect(set.unmarked).toBe(0);
});

test('a text that is marked twice counts once, and stays marked while the set grows', () => {
  const set = new HashSet();
  set.add('first');
  expect(set.mark('first')).toBe(true);
  expect(set.mark('first')).toBe(true);
  for (let n = 0; n < COUNT; n++) {
    set.add(`id-${n}`);
  }
  expect(set.unmarked).toBe(COUNT);
  expect(set.mark('first')).toBe(true);
});
