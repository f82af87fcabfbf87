import { describe, expect, test } from 'vitest';
import { ratiosOf } from './comparisons.ts';
import { showFigure, showNumber, toMarkdown } from './markdown.ts';
import { newestOfEach, type Results, type RowResult } from './results.ts';

describe('the table of the benchmark', () => {
  test.each([
    [0.07587, '0.0759'],
    [99.96, '100'],
    [157_000.4, '157,000'],
    [0, '0'],
  ])('%d is shown as %s', (value, shown) => {
    expect(showNumber(value)).toBe(shown);
  });

  test('a figure that no round measured is a dash', () => {
    expect(showFigure([])).toBe('—');
    expect(showFigure([1, 3, 2])).toBe('2 (1–3)');
  });

  test('names the systems that are missing or failed, and why', () => {
    const system = (name: string): Results['systems'][number] => ({
      name,
      title: name.toUpperCase(),
      durability: 'flushed',
      version: `${name} 1`,
    });
    const run: Results = {
      startedAt: '2026-01-01 00:00',
      minutes: 1,
      machine: { cpu: 'a', cores: 2, memoryGib: 4, kernel: '6', node: '20', load: 0.5 },
      rounds: 2,
      systems: [system('fast'), { ...system('absent'), missing: 'not here' }, system('odd')],
      rows: [
        {
          number: 1,
          title: 'a row',
          figures: [{ key: 'rate', title: 'rate', unit: '/s' }],
          values: { fast: [{ rate: 10 }, { rate: 20 }] },
          failures: { odd: ['no'] },
        },
      ],
    };
    const shown = toMarkdown([run]);
    expect(shown).toContain('| FAST | flushed | fast 1 |');
    expect(shown).toContain('| ABSENT | flushed | not here |');
    expect(shown).toContain('### Row 1: a row');
    expect(shown).toContain('| FAST | 15 (10–20) |');
    expect(shown).toContain('| ABSENT (not here) | — |');
    expect(shown).toContain('| ODD (not measured: no) | — |');
  });

  test('takes each row from the newest run that measured it', () => {
    const runOf = (startedAt: string, ...numbers: readonly number[]): Results => ({
      startedAt,
      minutes: 1,
      machine: { cpu: 'a', cores: 2, memoryGib: 4, kernel: '6', node: '20', load: 0.5 },
      rounds: 1,
      systems: [],
      rows: numbers.map((number) => ({
        number,
        title: `row ${number}`,
        figures: [],
        values: {},
        failures: {},
      })),
    });
    const newest = newestOfEach([runOf('today', 3, 1), runOf('yesterday', 1, 2)]);
    expect(newest.map(({ row, run }) => `${row.number} ${run.startedAt}`)).toEqual([
      '1 today',
      '2 yesterday',
      '3 today',
    ]);
  });

  test('compares millrace with another system round by round', () => {
    const row: RowResult = {
      number: 2,
      title: 'drain',
      figures: [{ key: 'drain', title: 'drain', unit: '/s' }],
      values: { millrace: [{ drain: 10 }, { drain: 30 }], bullmq: [{ drain: 5 }, { drain: 10 }] },
      failures: {},
    };
    expect(ratiosOf([row], { row: 2, figure: 'drain', against: 'bullmq' })).toEqual([2, 3]);
    expect(ratiosOf([row], { row: 2, figure: 'drain', against: 'beanstalkd' })).toEqual([]);
  });
});
