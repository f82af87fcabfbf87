import { Packr, Unpackr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { PackReader } from '../../bytes/pack-reader.ts';
import { PackWriter } from '../../bytes/pack-writer.ts';
import { codeOf } from '../../words/errors.ts';
import { verbs } from '../message-table.ts';
import type { Field } from './field.ts';
import {
  bytes,
  fixedBytes,
  flag,
  group,
  integer,
  list,
  measure,
  nameText,
  nullable,
  optional,
  text,
  word,
} from './fields.ts';
import { verb } from './verb.ts';

/** An encoder of another author. */
const packr = new Packr({ useRecords: false });

const refusalOf = (field: Field<unknown>, value: unknown): string | undefined => {
  const reader = new PackReader(packr.pack(value));
  try {
    field.read(reader, 'here');
    reader.requireEnd();
    return undefined;
  } catch (error) {
    return `${codeOf(error)}: ${error instanceof Error ? error.message : ''}`;
  }
};

const cases: readonly [string, Field<unknown>, readonly unknown[], readonly unknown[]][] = [
  ['an integer', integer(-1, 3), [-1, 0, 3, 2.0], [-2, 4, 1.5, Number.NaN, '1', null, true]],
  ['a measure', measure, [0, -1.5, 1e300], [Number.NaN, Number.POSITIVE_INFINITY, '0', null]],
  ['a flag', flag, [true, false], [0, 1, 'true', null]],
  ['text', text(4), ['', 'abcd', 'éé', '🙂'], ['abcde', 'ééé', 1, null, new Uint8Array(1)]],
  ['bytes', bytes(2), [new Uint8Array(0), new Uint8Array(2)], [new Uint8Array(3), 'ab', [1], null]],
  ['fixed bytes', fixedBytes(2), [new Uint8Array(2)], [new Uint8Array(1), new Uint8Array(3), null]],
  ['a word', word(['a', 'b']), [0, 1], [2, -1, 0.5, 'a', 'length', Number.NaN, null]],
  ['an optional', optional(flag), [true, null], [0]],
  ['a nullable', nullable(flag), [true, null], [0]],
  ['a name', nameText(4), ['', 'abcd'], ['abcde', 'a\0b', 1, null]],
  ['a list', list(flag, 2), [[], [true, false]], [[true, true, true], [1], 'list', null]],
  [
    'a group',
    group('pair', { a: flag, b: optional(flag) }),
    [[true], [true, null], [true, false, 9]],
    [[], 'pair', null, [1]],
  ],
];

describe('a field', () => {
  test.each(cases)('that is %s takes what is inside its bounds', (_name, field, good) => {
    expect(good.map((value) => refusalOf(field, value))).toEqual(good.map(() => undefined));
  });

  test.each(cases)(
    'that is %s refuses all else with BAD_FIELD and its place',
    (_name, field, _good, bad) => {
      for (const value of bad) {
        expect(refusalOf(field, value)).toMatch(/^BAD_FIELD: (here|pair\.[ab]) /);
      }
    },
  );
});

test('an error inside a list of groups names the group and its field', () => {
  const field = list(group('pair', { left: flag, right: flag }));
  expect(
    refusalOf(field, [
      [true, true],
      [true, 7],
    ]),
  ).toBe('BAD_FIELD: pair.right must be a boolean');
});

test('a verb writes its type and then its fields in their order', () => {
  const greet = verb(99, 'greet', 'both', { name: text(9), loud: optional(flag) });
  const writer = new PackWriter();
  greet.write(writer, { name: 'ann', loud: undefined });
  expect(new Unpackr().unpack(writer.view())).toEqual([99, 'ann', null]);
});

test('a verb reads what was sent of its fields, and passes over what a later version appended', () => {
  const greet = verb(99, 'greet', 'both', { name: text(9), loud: optional(flag) });
  const read = (...values: readonly unknown[]): unknown => {
    const reader = new PackReader(Buffer.concat(values.map((value) => packr.pack(value))));
    const message = greet.read(reader, values.length);
    reader.requireEnd();
    return message;
  };
  expect(read('ann', true, [['of a later version']])).toEqual({
    verb: 'greet',
    name: 'ann',
    loud: true,
  });
  expect(read('ann')).toEqual({ verb: 'greet', name: 'ann', loud: undefined });
  expect(() => read()).toThrow('greet.name must be text');
});

test('no two verbs share a number', () => {
  const types = Object.values(verbs).map(({ type }) => type);
  expect(new Set(types).size).toBe(types.length);
});

test('every verb stands in the table under its own name', () => {
  for (const [name, entry] of Object.entries(verbs)) {
    expect(entry.name).toBe(name);
  }
});

test('a name that repeats is the same, and one that begins like it is another', () => {
  const name = nameText(40);
  const read = (given: string): string => name.read(new PackReader(packr.pack(given)), 'here');
  const names = [
    'resize',
    'resize',
    'resizes',
    'resiz',
    'é',
    'é',
    '',
    'x'.repeat(33),
    'x'.repeat(33),
  ];
  expect(names.map(read)).toEqual(names);
});
