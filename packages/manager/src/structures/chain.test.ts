import { describe, expect, it } from 'vitest';
import { Chain, type ChainEntry } from './chain.ts';

class Entry implements ChainEntry<Entry> {
  readonly name: string;
  before: Entry | undefined;
  next: Entry | undefined;

  constructor(name: string) {
    this.name = name;
  }
}

const chainOf = (...names: string[]): { chain: Chain<Entry>; entries: Entry[] } => {
  const entries = names.map((name) => new Entry(name));
  const chain = new Chain<Entry>();
  for (const entry of entries) {
    chain.add(entry);
  }
  return { chain, entries };
};

const namesOf = (chain: Chain<Entry>): string =>
  chain
    .entries()
    .map(({ name }) => name)
    .join('');

describe('a chain', () => {
  it('keeps the order of arrival, and knows its last entry', () => {
    const { chain } = chainOf('a', 'b', 'c');
    expect(namesOf(chain)).toBe('abc');
    expect(chain.size).toBe(3);
    expect(chain.last?.name).toBe('c');
  });

  it.each([
    ['the first', 0, 'bc', 'c'],
    ['one between', 1, 'ac', 'c'],
    ['the last', 2, 'ab', 'b'],
  ])('removes %s', (_which, index, left, last) => {
    const { chain, entries } = chainOf('a', 'b', 'c');
    const gone = entries[index];
    expect(gone).toBeDefined();
    if (gone !== undefined) {
      chain.remove(gone);
      expect([gone.before, gone.next]).toEqual([undefined, undefined]);
    }
    expect(namesOf(chain)).toBe(left);
    expect(chain.last?.name).toBe(last);
  });

  it('can be used again when all entries were removed', () => {
    const { chain, entries } = chainOf('a', 'b');
    for (const entry of chain.entries()) {
      chain.remove(entry);
    }
    expect(chain.size).toBe(0);
    expect(chain.last).toBeUndefined();
    for (const entry of entries.toReversed()) {
      chain.add(entry);
    }
    expect(namesOf(chain)).toBe('ba');
  });
});
