import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Write } from '../../journal.ts';
import { MARK_BYTES, nextRecord, RecordEncoder, recordAt } from './log-record.ts';

const mark = randomBytes(MARK_BYTES);
const encoder = new RecordEncoder(mark);
const encode = (sequence: number, ...writes: readonly Write[]): Buffer =>
  Buffer.from(encoder.encode(sequence, writes));
const put = (key: string, value: string): Write => ({ key, value: Buffer.from(value) });

const anyKey = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 8 })
  .map((codes) => String.fromCharCode(...codes));
const anyWrite: fc.Arbitrary<Write> = fc.record({
  key: anyKey,
  value: fc.option(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    { nil: undefined },
  ),
});

test('a record is read as it was written, at any offset', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 47),
      fc.array(anyWrite, { maxLength: 10 }),
      fc.nat(50),
      (sequence, writes, at) => {
        const file = Buffer.concat([
          Buffer.alloc(at),
          encode(sequence, ...writes),
          Buffer.alloc(9),
        ]);
        expect(recordAt(mark, file, at)).toEqual({ sequence, writes, endsAt: file.length - 9 });
      },
    ),
  );
});

test('a record may have any size', () => {
  const value = randomBytes(3_000_000);
  const record = recordAt(mark, encode(7, { key: 'large', value }), 0);
  expect(record?.writes[0]?.value?.length).toBe(value.length);
  expect(Buffer.compare(record?.writes[0]?.value ?? Buffer.alloc(0), value)).toBe(0);
});

test('a record that is cut anywhere is not valid', () => {
  const record = encode(1, put('a', 'one'), { key: 'b', value: undefined });
  for (let bytes = 0; bytes < record.length; bytes++) {
    expect(recordAt(mark, record.subarray(0, bytes), 0)).toBeUndefined();
    const zeroed = Buffer.concat([record.subarray(0, bytes), Buffer.alloc(100)]);
    expect(recordAt(mark, zeroed, 0)).toBeUndefined();
  }
});

test('a record with any changed byte is not valid', () => {
  const record = encode(1, put('a', 'one'));
  for (let at = 0; at < record.length; at++) {
    const changed = Buffer.from(record);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    expect(recordAt(mark, changed, 0)).toBeUndefined();
  }
});

test('a record of another log is not valid', () => {
  const other = new RecordEncoder(randomBytes(MARK_BYTES)).encode(1, [put('a', 'one')]);
  expect(recordAt(mark, other, 0)).toBeUndefined();
  expect(nextRecord(mark, other, 0)).toBeUndefined();
});

test('the next record is found behind any bytes, even behind a mark without a record', () => {
  const torn = encode(4, put('a', 'torn')).subarray(0, 30);
  const file = Buffer.concat([randomBytes(70), torn, mark, encode(5, put('b', 'whole'))]);
  expect(nextRecord(mark, file, 0)?.sequence).toBe(5);
  expect(nextRecord(mark, file, file.length - 20)).toBeUndefined();
});
