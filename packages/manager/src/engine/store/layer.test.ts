import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Write } from './journal.ts';
import { Layer } from './layer.ts';
import { memoryJournal } from './memory/memory-journal.ts';

const key = fc.constantFrom(...'abcdefghijkl'.split(''));
const write: fc.Arbitrary<Write> = fc.record({
  key,
  value: fc.option(
    fc.nat(255).map((byte) => Uint8Array.of(byte)),
    { nil: undefined },
  ),
});
const writes = fc.array(write, { maxLength: 8 });

/** Reads are compared with a journal that has all writes, in their order. */
const journalOf = async (...all: readonly (readonly Write[])[]) => {
  const journal = memoryJournal();
  await journal.commit(all.flat());
  return journal;
};

const layered = async (
  below: readonly Write[],
  middle: readonly Write[],
  top: readonly Write[],
) => {
  const lower = new Layer(await journalOf(below));
  lower.add(middle);
  const upper = new Layer(lower);
  upper.add(top);
  return { lower, upper };
};

test('reads through layers see all pending changes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(writes, writes, writes),
      fc.tuple(key, key),
      fc.integer({ min: 1, max: 5 }),
      async ([below, middle, top], [from, to], limit) => {
        const { upper } = await layered(below, middle, top);
        const expected = await journalOf(below, middle, top);
        expect(upper.range(from, to, limit)).toEqual(expected.range(from, to, limit));
        expect(upper.range('a', 'z', Number.MAX_SAFE_INTEGER)).toEqual(
          expected.range('a', 'z', Number.MAX_SAFE_INTEGER),
        );
        expect(upper.lastKey(from, to)).toBe(expected.lastKey(from, to));
        expect(upper.get(from)).toEqual(expected.get(from));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a last key that a change has put is found without a look at every changed key below', async () => {
  const puts = 'abcdefghijkl'.split('').map((name) => ({ key: name, value: Uint8Array.of(1) }));
  const journal = await journalOf(puts);
  let looks = 0;
  const layer = new Layer({
    get: (name) => journal.get(name),
    range: (from, to, limit) => journal.range(from, to, limit),
    lastKey: (from, to) => {
      looks += 1;
      return journal.lastKey(from, to);
    },
  });
  layer.add([...puts, { key: 'l', value: undefined }]);
  expect(layer.lastKey('a', 'z')).toBe('k');
  expect(looks).toBeLessThanOrEqual(3);
});

test('changes move to the layer below and are cleared there', async () => {
  await fc.assert(
    fc.asyncProperty(writes, writes, writes, async (below, middle, top) => {
      const { lower, upper } = await layered(below, middle, top);
      lower.takeOver(upper);
      expect(upper.size).toBe(0);
      expect(lower.size).toBe(new Set(top.map((change) => change.key)).size);
      const without = await journalOf(below, top);
      expect(upper.range('a', 'z', 20)).toEqual(without.range('a', 'z', 20));
      upper.add(middle);
      lower.clear();
      const onlyMiddle = await journalOf(below, middle);
      expect(upper.range('a', 'z', 20)).toEqual(onlyMiddle.range('a', 'z', 20));
    }),
  );
});

test('a layer has one write for each changed key, the last one, in the order of keys', () => {
  const layer = new Layer(memoryJournal());
  const last = { key: 'b', value: undefined };
  layer.add([
    { key: 'b', value: Uint8Array.of(1) },
    { key: 'c', value: Uint8Array.of(2) },
  ]);
  layer.add([last, { key: 'a', value: Uint8Array.of(3) }]);
  expect(layer.writes().map((change) => change.key)).toEqual(['a', 'b', 'c']);
  expect(layer.writes()[1]).toBe(last);
});
