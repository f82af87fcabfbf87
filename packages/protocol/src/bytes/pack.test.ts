import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../testing/vectors.ts';
import { PackReader } from './pack-reader.ts';
import { PackWriter } from './pack-writer.ts';

/** An encoder of another author, which writes shortest forms too. */
const packr = new Packr({ useRecords: false });

type Value = null | boolean | number | string | Uint8Array | readonly Value[];

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32),
  fc.constantFrom(-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1),
  fc.string({ unit: 'binary', maxLength: 300, size: 'max' }),
  fc.string({ maxLength: 70, size: 'max' }),
  fc.uint8Array({ maxLength: 300, size: 'max' }),
);
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('value'), { maxLength: 20 })),
}));

const write = (writer: PackWriter, what: Value): void => {
  if (what === null) {
    writer.nil();
  } else if (typeof what === 'boolean') {
    writer.boolean(what);
  } else if (typeof what === 'number') {
    writer.number(what);
  } else if (typeof what === 'string') {
    writer.text(what);
  } else if (what instanceof Uint8Array) {
    writer.bytes(what);
  } else {
    writer.list(what.length);
    for (const each of what) {
      write(writer, each);
    }
  }
};

const packed = (what: Value): Buffer => {
  const writer = new PackWriter(1);
  write(writer, what);
  return writer.view();
};

test('what is written is what another encoder writes', () => {
  fc.assert(
    fc.property(value, (what) => {
      expect(packed(what).toString('hex')).toBe(packr.pack(what).toString('hex'));
    }),
    { numRuns: 2_000 },
  );
});

test('long lists, texts and bytes are written as another encoder writes them', () => {
  const long = [
    Array.from({ length: 70_000 }, () => 1),
    'é'.repeat(40_000),
    'x'.repeat(70_000),
    new Uint8Array(70_000),
  ];
  for (const what of long) {
    expect(packed(what).equals(packr.pack(what))).toBe(true);
  }
});

/** Reads the next value by the method of its type. */
const read = (reader: PackReader, like: Value): Value | undefined => {
  if (like === null) {
    return reader.nil() ? null : undefined;
  }
  if (typeof like === 'boolean') {
    return reader.boolean();
  }
  if (typeof like === 'number') {
    return reader.number();
  }
  if (typeof like === 'string') {
    return reader.text(Number.POSITIVE_INFINITY);
  }
  if (like instanceof Uint8Array) {
    const bytes = reader.bytes();
    return bytes && Uint8Array.from(bytes);
  }
  const count = reader.open();
  const list = like.slice(0, count).map((each) => read(reader, each) ?? null);
  reader.close();
  return list;
};

/** Values that survive a round trip: no halves of surrogate pairs, and only one zero. */
const isFaithful = (what: Value): boolean =>
  typeof what === 'string'
    ? Buffer.from(what).toString() === what
    : Array.isArray(what)
      ? what.every(isFaithful)
      : !Object.is(what, -0);

describe('a reader', () => {
  test('gives back what was written', () => {
    fc.assert(
      fc.property(value.filter(isFaithful), (what) => {
        const reader = new PackReader(packed(what));
        expect(read(reader, what)).toEqual(what);
        reader.requireEnd();
      }),
      { numRuns: 2_000 },
    );
  });

  test('skips exactly one value, whatever was asked for', () => {
    const questions: ((reader: PackReader) => unknown)[] = [
      (reader) => reader.nil() || reader.skip(),
      (reader) => reader.number(),
      (reader) => reader.boolean(),
      (reader) => reader.text(10),
      (reader) => reader.identifier(10),
      (reader) => reader.bytes(),
      (reader) => reader.skip(),
    ];
    fc.assert(
      fc.property(value, fc.constantFrom(...questions), (what, ask) => {
        const writer = new PackWriter();
        write(writer, what);
        writer.number(7);
        const reader = new PackReader(writer.view());
        ask(reader);
        expect(reader.number()).toBe(7);
        reader.requireEnd();
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses bytes that end within a value', () => {
    fc.assert(
      fc.property(value, fc.double({ min: 0, max: 0.999, noNaN: true }), (what, share) => {
        const bytes = packed(what);
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        expect(() => new PackReader(cut).skip()).toThrow(RangeError);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('text that is no UTF-8 is none, and a character that stands for such is text', () => {
  const textOf = (hex: string) => new PackReader(bytesOf(hex)).text(10);
  expect(textOf('a3 61 ff 62')).toBeUndefined();
  expect(textOf('a3 ed a0 80')).toBeUndefined();
  expect(textOf('a3 ef bf bd')).toBe('\ufffd');
});
