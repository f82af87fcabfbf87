import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  atMsOfTimeKey,
  comesBefore,
  laneKey,
  laneOfKey,
  rangeOf,
  readyKey,
  readyPrefix,
  readyRange,
  readyRowKey,
  stampOf,
  timeIndexes,
  timeKey,
  timeRange,
} from './keys.ts';

const arrival = fc.record({
  epoch: fc.nat({ max: 2 ** 32 - 1 }),
  count: fc.nat({ max: 2 ** 48 - 1 }),
});
const priority = fc.integer({ min: -128, max: 127 });
const order = fc.constantFrom('fifo' as const, 'lifo' as const);
const place = fc.record({ priority, arrival, order });
const instant = fc.nat({ max: 2 ** 48 });

const sign = (number: number): number => Math.sign(number);
const compared = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

describe('keys', () => {
  test.each([
    ['fifo', 1],
    ['lifo', -1],
  ] as const)('of a %s queue sort by priority, then by arrival', (queueOrder, direction) => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [one, other] = [a, b].map((of) =>
          readyKey(readyPrefix(7), { ...of, order: queueOrder }),
        );
        const byArrival = a.arrival.epoch - b.arrival.epoch || a.arrival.count - b.arrival.count;
        expect(compared(one ?? '', other ?? '')).toBe(
          sign(b.priority - a.priority) || sign(direction * byArrival) || 0,
        );
      }),
    );
  });

  test('of ready tasks have the order of `comesBefore`', () => {
    const close = fc.record({
      priority: fc.constantFrom(0, 1),
      arrival: fc.record({ epoch: fc.constantFrom(1, 2), count: fc.constantFrom(1, 2) }),
      order,
    });
    const any = fc.oneof(place, close);
    fc.assert(
      fc.property(any, any, (a, b) => {
        const [one, other] = [readyKey(readyPrefix(7), a), readyKey(readyPrefix(7), b)];
        expect(comesBefore(a, b)).toBe(one < other);
      }),
    );
  });

  test('of ready tasks lie in the range of their own lane alone', () => {
    const number = fc.nat({ max: 2 ** 32 - 2 });
    const lane = fc.oneof(fc.constantFrom(0, 254, 255, 256, 511, 65_535), number);
    fc.assert(
      fc.property(lane, lane, place, (own, other, of) => {
        const key = readyKey(readyPrefix(own), of);
        const [from, to] = readyRange(readyPrefix(other), '');
        expect(key >= from && key < to).toBe(own === other);
        expect(Buffer.from(to, 'latin1').toString('latin1')).toBe(to);
      }),
    );
  });

  test('of ready rows lie between their first task and the next arrival', () => {
    fc.assert(
      fc.property(place, fc.nat({ max: 1_000 }), ({ arrival: a, priority: p }, batch) => {
        const [first, next] = [a, { ...a, count: a.count + 1 }].map((of) =>
          readyKey(readyPrefix(3), { priority: p, arrival: of, order: 'fifo' }),
        );
        const row = readyRowKey(first ?? '', stampOf(a.epoch, batch));
        expect(row > (first ?? '')).toBe(true);
        expect(row < (next ?? '')).toBe(a.count < 2 ** 48 - 1);
      }),
    );
  });

  test('of instants sort by time and give it back', () => {
    fc.assert(
      fc.property(fc.constantFrom(...timeIndexes), instant, instant, (index, a, b) => {
        const [one, other] = [timeKey(index, a, stampOf(1, 9)), timeKey(index, b, stampOf(1, 9))];
        expect(compared(one, other)).toBe(sign(a - b));
        expect(atMsOfTimeKey(one)).toBe(a);
        const [from, to] = timeRange(index, b);
        expect(one >= from && one < to).toBe(a <= b);
        const [all, end] = timeRange(index, Number.POSITIVE_INFINITY);
        expect(one >= all && one < end).toBe(true);
      }),
    );
  });

  test('of lanes give back their queue, name and version', () => {
    const name = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(name, name, fc.constantFrom(1, 2, 999_999), (queue, task, version) => {
        const key = laneKey(queue, task, version);
        expect(laneOfKey(key)).toEqual({ queue, name: task, version });
        const [from, to] = rangeOf('lane');
        expect(key >= from && key < to).toBe(true);
        expect(Buffer.from(key, 'latin1').toString('latin1')).toBe(key);
      }),
    );
  });
});
