import { type TaskState, taskStates } from '@millrace/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plain } from '../../../../../protocol/src/testing/plain.ts';
import { tuning } from '../../../tuning.ts';
import { decodeTask, encodeTask, payloadOfRecord, type TaskValues } from './task-record.ts';

const count = fc.nat({ max: 2 ** 40 });
const bytes = fc.uint8Array({ maxLength: 50 });
const absent = fc.constant(undefined);

const error = fc.record({
  name: fc.string(),
  message: fc.string({ unit: 'grapheme' }),
  stack: fc.string(),
  retry: fc.boolean(),
});

const values: fc.Arbitrary<TaskValues> = fc.record({
  laneNumber: fc.nat(),
  state: fc.constantFrom<TaskState[]>(...taskStates),
  priority: fc.integer({ min: -128, max: 127 }),
  isLifo: fc.boolean(),
  arrivalEpoch: fc.nat(),
  arrivalCount: count,
  acceptedAtMs: count,
  dueAfterMs: count,
  expiresAfterMs: fc.oneof(absent, count),
  finishedAfterMs: fc.oneof(absent, count),
  deadlineMs: fc.option(count),
  attempts: fc.nat(),
  grants: fc.nat(),
  failures: fc.nat(),
  losses: fc.nat(),
  returns: fc.nat(),
  settledEpoch: fc.oneof(absent, fc.nat()),
  settledGrant: fc.oneof(absent, fc.nat()),
  isTombstone: fc.boolean(),
  payloadBytes: fc.nat(),
  result: fc.oneof(absent, bytes),
  error: fc.oneof(absent, error),
  extras: fc.oneof(absent, fc.record({ workId: fc.string({ minLength: 1 }) })),
});
const payloads = fc.oneof(absent, bytes);

test('a record gives back every value of a task, and its payload', () => {
  fc.assert(
    fc.property(values, payloads, (written, payload) => {
      const read = decodeTask(encodeTask(written, payload));
      expect(plain(read)).toEqual(plain({ values: written, payload }));
    }),
  );
});

test('a record without extras is as long as one of the layout before', () => {
  fc.assert(
    fc.property(values, (written) => {
      const without = encodeTask({ ...written, extras: undefined }, undefined);
      // The head of a list of 23 values: the extras are left out.
      expect([...without.subarray(0, 3)]).toEqual([0xdc, 0, 23]);
      const extras = { workId: 'w' };
      const withExtras = encodeTask({ ...written, extras }, undefined);
      // A list of the key and its value.
      expect(withExtras.length - without.length).toBe(1 + 1 + 2);
    }),
    { numRuns: 20 },
  );
});

test('a large payload is on disk and not in memory', () => {
  fc.assert(
    fc.property(values, (written) => {
      const payload = new Uint8Array(tuning.keptPayloadMaxBytes + 1).fill(5);
      const record = encodeTask(written, payload);
      expect(decodeTask(record).payload).toBeUndefined();
      expect(plain(payloadOfRecord(record))).toEqual(payload);
    }),
    { numRuns: 10 },
  );
});

test('a task in memory does not hold on to the record it was read from', () => {
  fc.assert(
    fc.property(values, (written) => {
      const record = encodeTask(written, Uint8Array.of(1, 2, 3));
      const read = decodeTask(record);
      record.fill(0);
      expect(plain(read.payload)).toEqual(Uint8Array.of(1, 2, 3));
      expect(plain(read.values.result)).toEqual(written.result);
    }),
    { numRuns: 20 },
  );
});

test('bytes that are no record are a failure of the store, and no defect', () => {
  for (const garbage of [Buffer.from([0x93, 1]), Buffer.from('garbage'), Buffer.alloc(0)]) {
    expect(() => decodeTask(garbage)).toThrow(
      expect.objectContaining({
        code: 'STORE_FAILED',
        message: expect.stringContaining('a record of the store'),
      }),
    );
  }
});
