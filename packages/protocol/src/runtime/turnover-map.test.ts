import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TurnoverMap } from './turnover-map.ts';

const contentsOf = (map: Pick<Map<number, string>, 'entries' | 'values'>): unknown => [
  [...map.entries()],
  [...map.values()],
];

test('holds what a Map would hold, in the same order, however entries come and go', () => {
  const step = fc.record({
    key: fc.nat({ max: 300 }),
    act: fc.constantFrom('set' as const, 'set' as const, 'delete' as const),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2_000, size: 'max' }), (steps) => {
      const plain = new Map<number, string>();
      const map = new TurnoverMap<number, string>();
      for (const [index, { act, key }] of steps.entries()) {
        if (act === 'set') {
          plain.set(key, `value ${index}`);
          map.set(key, `value ${index}`);
        } else {
          expect(map.delete(key)).toBe(plain.delete(key));
        }
        expect([map.size, map.get(key), map.has(key)]).toEqual([
          plain.size,
          plain.get(key),
          plain.has(key),
        ]);
      }
      expect(contentsOf(map)).toEqual(contentsOf(plain));
    }),
    { numRuns: 50 },
  );
});

test('entries may be deleted while it is walked through', () => {
  const map = new TurnoverMap<number, string>();
  for (let key = 0; key < 1_000; key++) {
    map.set(key, `value ${key}`);
  }
  const met: number[] = [];
  for (const [key] of map.entries()) {
    met.push(key);
    map.delete(key);
    map.delete(key + 1);
  }
  expect(met).toEqual(Array.from({ length: 500 }, (_, index) => index * 2));
  expect(map.size).toBe(0);
});

test('is empty and usable after it was cleared', () => {
  const map = new TurnoverMap<string, number>();
  map.set('a', 1);
  map.clear();
  map.set('b', 2);
  expect([...map.entries()]).toEqual([['b', 2]]);
});
