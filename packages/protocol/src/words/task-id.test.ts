import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PackReader } from '../bytes/pack-reader.ts';
import { PackWriter } from '../bytes/pack-writer.ts';
import { taskId } from '../messages/wire/shared-fields.ts';
import { taskIdMaker } from './task-id.ts';

const idAt = (wallMs: number): string => taskIdMaker(() => wallMs, randomBytes)();

test('ids sort by their times, as strings and as bytes', () => {
  const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
  fc.assert(
    fc.property(time, time, (a, b) => {
      fc.pre(a !== b);
      const [earlier, later] = [idAt(Math.min(a, b)), idAt(Math.max(a, b))];
      expect(earlier < later).toBe(true);
      expect(Buffer.compare(Buffer.from(earlier), Buffer.from(later))).toBe(-1);
    }),
    { numRuns: 2_000 },
  );
});

test('a maker follows the clock from one millisecond to the next', () => {
  let nowMs = 1_700_000_000_000;
  const make = taskIdMaker(() => nowMs, randomBytes);
  const ids = Array.from({ length: 100 }, () => {
    nowMs += 1;
    return make();
  });
  expect(ids.toSorted()).toEqual(ids);
});

test('three hundred thousand ids of one millisecond are all different', () => {
  const make = taskIdMaker(() => 1_700_000_000_000, randomBytes);
  const ids = new Set(Array.from({ length: 300_000 }, make));
  expect(ids.size).toBe(300_000);
});

test('the ids of one maker ascend, also within a millisecond', () => {
  const make = taskIdMaker(() => 1_700_000_000_000, randomBytes);
  const ids = Array.from({ length: 10_000 }, make);
  expect(ids.toSorted()).toEqual(ids);
});

test('two makers share no id', () => {
  const [one, other] = [0, 1].map(() => taskIdMaker(() => 1_700_000_000_000, randomBytes));
  const ids = [one, other].flatMap((make) => Array.from({ length: 10_000 }, () => make?.()));
  expect(new Set(ids).size).toBe(20_000);
});

test('an id has 21 characters and passes as a task id of the wire', () => {
  const id = idAt(1_700_000_000_000);
  expect(id).toMatch(/^\w[\w~]{20}$/);
  const writer = new PackWriter();
  taskId.write(writer, id);
  expect(taskId.read(new PackReader(writer.view()), 'id')).toBe(id);
});
