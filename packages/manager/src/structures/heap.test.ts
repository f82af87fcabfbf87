import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap, type HeapEntry } from './heap.ts';

interface TimedEntry extends HeapEntry {
  readonly atMs: number;
}

const isEarlier = (a: TimedEntry, b: TimedEntry): boolean => a.atMs < b.atMs;

const entry = (atMs: number): TimedEntry => ({ atMs, heapIndex: -1 });

test('an empty heap has no first', () => {
  const heap = new Heap<TimedEntry>(isEarlier);
  expect(heap.first).toBeUndefined();
});

test('an entry that is not in the heap can be removed without effect', () => {
  const heap = new Heap<TimedEntry>(isEarlier);
  const [inside, outside] = [entry(1), entry(0)];
  heap.add(inside);
  heap.remove(outside);
  heap.remove(inside);
  heap.remove(inside);
  expect(heap.first).toBeUndefined();
});

test('the first entry is the earliest, whatever was added and removed', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ remove: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new Heap<TimedEntry>(isEarlier);
      const inside: TimedEntry[] = [];
      for (const one of steps) {
        if ('add' in one) {
          const added = entry(one.add);
          inside.push(added);
          heap.add(added);
        } else {
          const [removed] = inside.splice(one.remove % Math.max(1, inside.length), 1);
          if (removed !== undefined) {
            heap.remove(removed);
            expect(removed.heapIndex).toBe(-1);
          }
        }
        const earliest = Math.min(...inside.map(({ atMs }) => atMs));
        expect(heap.first?.atMs ?? Number.POSITIVE_INFINITY).toBe(earliest);
      }
    }),
  );
});
