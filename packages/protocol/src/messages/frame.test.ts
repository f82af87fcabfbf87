import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { plain } from '../testing/plain.ts';
import { bytesOf, exactFiles, readGoodVectors } from '../testing/vectors.ts';
import { codeOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { decodeFrame, encodeFrame } from './frame.ts';

const RUNS = Number(process.env['MILLRACE_FUZZ_RUNS'] ?? 5_000);
const allowed = new Set(['MALFORMED_FRAME', 'UNKNOWN_VERB', 'BAD_FIELD']);
const frames = exactFiles.flatMap(readGoodVectors).map(({ frame }) => frame);
const packr = new Packr({ useRecords: false });

const refusalOf = (frame: Uint8Array): unknown => {
  try {
    decodeFrame(frame);
    return undefined;
  } catch (error) {
    return error;
  }
};

/** A frame decodes, or is refused with one of the three codes. A decoded frame survives a round trip. */
const expectClearAnswer = (frame: Uint8Array): void => {
  const refusal = refusalOf(frame);
  if (refusal !== undefined) {
    expect(allowed).toContain(codeOf(refusal));
    return;
  }
  const messages = decodeFrame(frame);
  expect(plain(decodeFrame(encodeFrame(messages)))).toEqual(plain(messages));
};

describe('any bytes are a frame or are refused with a code of the frame', () => {
  test('when they are random', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectClearAnswer), { numRuns: RUNS });
  });

  test('when they are random behind a list of messages', () => {
    const body = fc.tuple(fc.nat(80), fc.uint8Array({ maxLength: 100 }));
    fc.assert(
      fc.property(body, fc.nat(15), ([type, rest], items) =>
        expectClearAnswer(Uint8Array.of(0x91, 0x90 | items, type, ...rest)),
      ),
      { numRuns: RUNS },
    );
  });

  test('when they are good frames with bytes changed, removed or added', () => {
    const mutation = fc.record({
      frame: fc.constantFrom(...frames),
      edits: fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 0.999, noNaN: true }),
          remove: fc.nat(3),
          insert: fc.uint8Array({ maxLength: 3 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(mutation, ({ frame, edits }) => {
        const bytes = [...frame];
        for (const { at, remove, insert } of edits) {
          bytes.splice(Math.floor(at * bytes.length), remove, ...insert);
        }
        expectClearAnswer(Uint8Array.from(bytes));
      }),
      { numRuns: RUNS },
    );
  });

  test('when they are random values nested in each other', () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
    });
    const packable = value.map((inner) => {
      try {
        return Uint8Array.from(packr.pack([inner]));
      } catch {
        return Uint8Array.of(0xc1);
      }
    });
    fc.assert(fc.property(packable, expectClearAnswer), { numRuns: RUNS });
  });

  test('when every field of a good message is replaced by a random value', () => {
    const types = fc.integer({ min: 1, max: 70 });
    const value = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.double(),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.oneof(fc.integer(), fc.string(), fc.constant(null)), { maxLength: 6 }),
    );
    fc.assert(
      fc.property(types, fc.array(value, { maxLength: 8 }), (type, fields) =>
        expectClearAnswer(Uint8Array.from(packr.pack([[type, ...fields]]))),
      ),
      { numRuns: RUNS },
    );
  });
});

describe('a lie about a length', () => {
  const lies = [
    ['bytes of 4 GiB', '919315c3c6ffffffff'],
    ['text of 4 GiB', '91932e08dbffffffff'],
    ['a list of 2^32 - 1', 'ddffffffff'],
    ['lists of 2^16 - 1 in each other', '91dcffffdcffffdcffffdcffffdcffff'],
  ] as const;

  test.each(lies)('of %s is refused before anything is allocated', (_what, hex) => {
    const frame = bytesOf(hex);
    refusalOf(frame);
    const before = process.memoryUsage();
    for (let i = 0; i < 200; i++) {
      expect(codeOf(refusalOf(frame))).toBe('MALFORMED_FRAME');
    }
    const after = process.memoryUsage();
    const grownBytes = after.arrayBuffers + after.external - before.arrayBuffers - before.external;
    expect(grownBytes).toBeLessThan(64 * 1024 * 1024);
  });
});

test('a hundred thousand lists inside each other are refused and do not exhaust the stack', () => {
  const bomb = new Uint8Array(100_000).fill(0x91);
  expect(codeOf(refusalOf(bomb))).toBe('MALFORMED_FRAME');
});

test('more messages than a list may hold are refused', () => {
  const frame = Uint8Array.from(
    packr.pack(Array.from({ length: limits.listMaxItems + 1 }, () => [19])),
  );
  expect(codeOf(refusalOf(frame))).toBe('MALFORMED_FRAME');
});

test('every type byte that is not allowed in a frame is refused as a field', () => {
  const refused: number[] = [];
  for (let type = 0; type < 256; type++) {
    const frame = Uint8Array.of(0x91, 0x93, 58, 1, type, ...new Uint8Array(32));
    const error = refusalOf(frame);
    if (error instanceof Error && /not allowed/.test(error.message)) {
      refused.push(type);
    }
  }
  const maps = [...Array.from({ length: 16 }, (_, i) => 0x80 + i), 0xde, 0xdf];
  const extensions = [0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8];
  expect(refused.toSorted((a, b) => a - b)).toEqual(
    [...maps, 0xc1, ...extensions].toSorted((a, b) => a - b),
  );
});
