import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TimedEntry, Timetable } from './timetable.ts';

class Entry implements TimedEntry<Entry> {
  atMs = Number.NaN;
  line: TimedEntry<Entry>['line'];
  before: Entry | undefined;
  next: Entry | undefined;
}

test('an empty timetable has no first entry, and an entry outside of it can be removed', () => {
  const table = new Timetable<Entry>();
  const [inside, outside] = [new Entry(), new Entry()];
  table.add(inside, 10, 0);
  table.remove(outside);
  expect(table.first).toBe(inside);
  table.remove(inside);
  table.remove(inside);
  expect(table.first).toBeUndefined();
});

test('the first entry is the one that is due first, whatever was added and removed', () => {
  const step = fc.oneof(
    fc.record({ forMs: fc.integer({ min: 0, max: 4 }), laterMs: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ remove: fc.nat() }),
    fc.record({ removeFirst: fc.constant(true) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new Timetable<Entry>();
      const inside: Entry[] = [];
      let nowMs = 0;
      const leave = (index: number): void => {
        for (const gone of inside.splice(index, 1)) {
          table.remove(gone);
          expect([gone.line, gone.before, gone.next]).toEqual([undefined, undefined, undefined]);
        }
      };
      for (const one of steps) {
        if ('forMs' in one) {
          nowMs += one.laterMs;
          const entry = new Entry();
          inside.push(entry);
          table.add(entry, one.forMs, nowMs);
          expect(entry.atMs).toBe(nowMs + one.forMs);
        } else if ('remove' in one) {
          leave(one.remove % Math.max(1, inside.length));
        } else if (table.first !== undefined) {
          leave(inside.indexOf(table.first));
        }
        const earliest = Math.min(...inside.map(({ atMs }) => atMs));
        expect(table.first?.atMs ?? Number.POSITIVE_INFINITY).toBe(earliest);
      }
    }),
  );
});
