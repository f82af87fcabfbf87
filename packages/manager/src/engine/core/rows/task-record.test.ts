import { type TaskState, taskStates } from '@millrace/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plain } from '../../../../../protocol/src/testing/plain.ts';
import { Lane } from '../lane.ts';
import { Queue } from '../queue.ts';
import { Task, type TaskLane } from '../task.ts';
import { decodeTask, encodeTask, KEPT_PAYLOAD_MAX_BYTES, payloadOfRecord } from './task-record.ts';

const queue = new Queue({ name: 'q', maxItems: 1, maxBytes: 1, order: 'fifo' }, true);
const lane: TaskLane = new Lane(3, queue, 'work', true);
const laneOf = (): TaskLane => lane;

const count = fc.nat({ max: 2 ** 40 });
const bytes = fc.uint8Array({ maxLength: 50 });
const absent = fc.constant(undefined);

const error = fc.record({
  name: fc.string(),
  message: fc.string({ unit: 'grapheme' }),
  stack: fc.string(),
  retry: fc.boolean(),
});

const task: fc.Arbitrary<Task> = fc
  .record({
    priority: fc.integer({ min: -128, max: 127 }),
    arrival: fc.record({ epoch: fc.nat(), count }),
    order: fc.constantFrom('fifo' as const, 'lifo' as const),
    state: fc.constantFrom<TaskState[]>(...taskStates),
    payload: fc.oneof(absent, bytes),
    acceptedAtMs: count,
    dueAtMs: count,
    deadlineMs: fc.option(count),
    attempts: fc.nat(),
    expiresAtMs: fc.oneof(absent, count),
    grants: fc.nat(),
    failures: fc.nat(),
    losses: fc.nat(),
    returns: fc.nat(),
    settled: fc.oneof(absent, fc.record({ epoch: fc.nat(), grant: fc.nat() })),
    result: fc.oneof(absent, bytes),
    error: fc.oneof(absent, error),
    finishedAtMs: count,
    isTombstone: fc.boolean(),
    payloadBytes: fc.nat(),
  })
  .map(({ dueAtMs, payload, state, ...fields }) =>
    Object.assign(new Task({ ...fields, id: 't1', lane }, state, dueAtMs, payload), fields),
  );

const withoutLane = (of: Task): unknown => plain(Object.assign({}, of, { lane: undefined }));

test('a record gives back every field of a task that belongs on disk', () => {
  fc.assert(
    fc.property(task, (written) => {
      const read = decodeTask('t1', encodeTask(written, written.payload), laneOf);
      expect(withoutLane(read)).toEqual(withoutLane(written));
      expect(read.lane).toBe(lane);
    }),
  );
});

test('a large payload is on disk and not in memory', () => {
  fc.assert(
    fc.property(task, (written) => {
      const payload = new Uint8Array(KEPT_PAYLOAD_MAX_BYTES + 1).fill(5);
      const record = encodeTask(written, payload);
      expect(decodeTask('t1', record, laneOf).payload).toBeUndefined();
      expect(plain(payloadOfRecord(record))).toEqual(payload);
    }),
    { numRuns: 10 },
  );
});

test('a task in memory does not hold on to the record it was read from', () => {
  fc.assert(
    fc.property(task, (written) => {
      const record = encodeTask(written, Uint8Array.of(1, 2, 3));
      const read = decodeTask('t1', record, laneOf);
      record.fill(0);
      expect(plain(read.payload)).toEqual(Uint8Array.of(1, 2, 3));
      expect(plain(read.result)).toEqual(written.result);
    }),
    { numRuns: 20 },
  );
});
