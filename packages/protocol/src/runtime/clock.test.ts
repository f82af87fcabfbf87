import { describe, expect, test } from 'vitest';
import { turnEnd } from './clock.ts';

/** Ends of turn that the test runs by hand. */
const stage = () => {
  const planned: (() => void)[] = [];
  const said: string[] = [];
  const endOfTurn = turnEnd((run) => planned.push(run));
  return {
    said,
    planned,
    plan: (word: string, then?: () => void) =>
      endOfTurn(() => {
        said.push(word);
        then?.();
      }),
    endTurn: () => planned.shift()?.(),
  };
};

describe('the end of a turn', () => {
  test('does all that was left for it, in order, at once', () => {
    const { endTurn, plan, planned, said } = stage();
    plan('a');
    plan('b');
    expect(planned.length).toBe(1);
    endTurn();
    expect(said).toEqual(['a', 'b']);
    plan('c');
    endTurn();
    expect(said).toEqual(['a', 'b', 'c']);
  });

  test('does what is left for it while it is under way', () => {
    const { endTurn, plan, planned, said } = stage();
    plan('a', () => plan('b', () => plan('c')));
    endTurn();
    expect(said).toEqual(['a', 'b', 'c']);
    expect(planned).toEqual([]);
  });

  test('does the rest when one throws', () => {
    const { endTurn, plan, planned, said } = stage();
    plan('a', () => {
      throw new Error('a defect');
    });
    plan('b');
    expect(endTurn).toThrow('a defect');
    endTurn();
    expect(said).toEqual(['a', 'b']);
    plan('c', () => {
      plan('d');
      throw new Error('another');
    });
    expect(endTurn).toThrow('another');
    endTurn();
    expect(said).toEqual(['a', 'b', 'c', 'd']);
    plan('e', () => {
      throw new Error('the last');
    });
    expect(endTurn).toThrow('the last');
    plan('f');
    endTurn();
    expect(said).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(planned).toEqual([]);
  });
});
