import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownIds } from './known-ids.ts';

const id = fc.string({ minLength: 1, maxLength: 4 });

test('an id that was on disk or was added is never taken for new', () => {
  fc.assert(
    fc.property(fc.array(id, { minLength: 1 }), fc.array(id), (onDisk, added) => {
      const ids = new KnownIds(onDisk.toSorted().at(-1) ?? '');
      added.forEach((each) => ids.add(each));
      expect([...onDisk, ...added].filter((each) => !ids.mayHave(each))).toEqual([]);
    }),
  );
});

test('ids that ascend are new until they are added, however many there are', () => {
  const ids = new KnownIds('a');
  for (let i = 0; i < 50_000; i++) {
    const next = `b${String(i).padStart(6, '0')}`;
    expect(ids.mayHave(next)).toBe(false);
    ids.add(next);
    expect(ids.mayHave(next)).toBe(true);
  }
  expect(ids.mayHave('b000000')).toBe(true);
});

test('an id of another client that lies between is new while the mark is below it', () => {
  const ids = new KnownIds('a');
  ids.add('c');
  expect(ids.mayHave('b')).toBe(false);
});
