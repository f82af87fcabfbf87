import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tuning } from '../../tuning.ts';
import { memoryJournal } from '../store/memory/memory-journal.ts';
import { Lane, type LaneQueue, type Queued, type Shelf } from './lane.ts';
import { type Rank, readyKey, readyPrefix, readyRowKey, stampOf } from './rows/keys.ts';
import { encodeIds, ListRow } from './rows/list-row.ts';

interface Entry extends Queued {
  readonly id: string;
}

const queue: LaneQueue = { spec: { name: 'q', order: 'fifo' } };
const LANE = 1;

/** A lane over a journal, with a shelf that knows which tasks are in memory. */
class Rack {
  readonly lane: Lane<Entry, LaneQueue>;
  readonly journal = memoryJournal();
  readonly memory = new Map<string, Entry>();
  readonly disk = new Map<string, Entry>();
  readonly dropped: string[] = [];
  #batches = 0;

  constructor(isNew: boolean) {
    this.lane = new Lane(LANE, queue, 'work', 1, isNew);
  }

  get shelf(): Shelf<Entry> {
    return {
      inMemory: (id) => this.memory.get(id),
      fromDisk: (id) => {
        const entry = this.disk.get(id);
        if (entry !== undefined) {
          this.memory.set(id, entry);
        }
        return entry;
      },
      drop: (key) => void this.dropped.push(key),
    };
  }

  /** Tasks arrive together: their row is written, and they are offered to the lane. */
  arrive(numbers: readonly number[], priority = 0): void {
    this.#batches += 1;
    const entries = numbers.map((number): Entry => {
      const place: Rank = { priority, arrival: { epoch: 1, count: number }, order: 'fifo' };
      return { ...place, id: String(number), readyRow: undefined, inWindow: false };
    });
    const [first] = entries;
    const firstKey = first === undefined ? '' : readyKey(readyPrefix(LANE), first);
    const row = new ListRow(readyRowKey(firstKey, stampOf(1, this.#batches)), entries.length);
    const value = encodeIds(entries.map(({ id }) => id));
    void this.journal.commit([{ key: row.key, value }]);
    for (const entry of entries) {
      entry.readyRow = row;
      this.disk.set(entry.id, entry);
      if (this.lane.offer(entry)) {
        this.memory.set(entry.id, entry);
      }
    }
    for (const { id } of this.lane.trim()) {
      this.memory.delete(id);
    }
  }

  /** Takes the first task, as a claim does. */
  take(): string | undefined {
    if (this.lane.first === undefined) {
      this.lane.refill(this.journal, this.shelf);
    }
    const { first } = this.lane;
    if (first !== undefined) {
      this.lane.remove(first);
      first.readyRow?.leave({
        remove: (key) => void this.journal.commit([{ key, value: undefined }]),
      });
      this.disk.delete(first.id);
      this.memory.delete(first.id);
    }
    return first?.id;
  }

  takeAll(): number[] {
    const taken: number[] = [];
    for (let id = this.take(); id !== undefined; id = this.take()) {
      taken.push(Number(id));
    }
    return taken;
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, n) => from + n);

describe('a lane', () => {
  test('gives tasks by priority, then by arrival', () => {
    const rack = new Rack(true);
    rack.arrive([1, 2]);
    rack.arrive([3]);
    rack.arrive([4], 9);
    expect(rack.takeAll()).toEqual([4, 1, 2, 3]);
    expect(rack.lane.windowSize).toBe(0);
  });

  test('that is not new reads the disk before it counts as empty', () => {
    const rack = new Rack(false);
    rack.arrive([1, 2]);
    expect(rack.lane.windowSize).toBe(0);
    expect(rack.takeAll()).toEqual([1, 2]);
  });

  test('keeps a bounded window, and gives all of a long backlog in order', () => {
    const rack = new Rack(true);
    for (let from = 0; from < tuning.windowMaxTasks * 6; from += 256) {
      rack.arrive(numbers(from, from + 256));
      expect(rack.lane.windowSize).toBeLessThanOrEqual(tuning.windowMaxTasks * 2);
    }
    expect(rack.memory.size).toBe(rack.lane.windowSize);
    expect(rack.takeAll()).toEqual(numbers(0, tuning.windowMaxTasks * 6));
    expect(rack.journal.range('\0', '\xff', 10)).toEqual([]);
  });

  test('gives a late task of higher priority before the tasks on disk', () => {
    const rack = new Rack(true);
    rack.arrive(numbers(0, tuning.windowMaxTasks * 4));
    rack.arrive([100_000], 1);
    expect(rack.take()).toBe('100000');
    rack.arrive([100_001], -1);
    expect(rack.takeAll().at(-1)).toBe(100_001);
  });

  test('is low, and reads on, before its window is empty', () => {
    const rack = new Rack(false);
    for (let from = 0; from < 1_000; from += 100) {
      rack.arrive(numbers(from, from + 100));
    }
    expect(rack.take()).toBe('0');
    let taken = 1;
    for (; !rack.lane.isLow; taken++) {
      rack.take();
    }
    const before = rack.lane.windowSize;
    expect(before).toBeGreaterThan(100);
    rack.lane.refill(rack.journal, rack.shelf);
    expect(rack.lane.windowSize).toBe(before + 200);
    expect(rack.lane.isLow).toBe(false);
    expect(rack.takeAll()).toEqual(numbers(taken, 1_000));
    expect(rack.lane.isLow).toBe(false);
  });

  test('drops rows whose tasks have all moved on', () => {
    const rack = new Rack(false);
    rack.arrive([1, 2]);
    rack.arrive([3]);
    rack.disk.delete('1');
    rack.disk.delete('2');
    expect(rack.takeAll()).toEqual([3]);
    expect(rack.dropped).toHaveLength(1);
  });

  test('does not take a task that memory accounts for a second time', () => {
    const rack = new Rack(false);
    rack.arrive([1, 2]);
    const held = rack.disk.get('1');
    if (held !== undefined) {
      rack.memory.set('1', held);
    }
    expect(rack.takeAll()).toEqual([2]);
    expect(rack.dropped).toEqual([]);
  });

  test('never gives a task that was removed from its window', () => {
    const rack = new Rack(true);
    rack.arrive(numbers(0, 10));
    for (const id of ['0', '9', '5']) {
      const entry = rack.disk.get(id);
      if (entry !== undefined) {
        rack.lane.remove(entry);
        rack.lane.remove(entry);
      }
    }
    expect(rack.takeAll()).toEqual([1, 2, 3, 4, 6, 7, 8]);
  });

  test('gives every task once, the best of those present first, however they come and go', () => {
    const step = fc.oneof(
      {
        weight: 1,
        arbitrary: fc.record({
          arrive: fc.integer({ min: 1, max: 900 }),
          priority: fc.integer({ min: -1, max: 1 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 700 }) }) },
      { weight: 1, arbitrary: fc.constant('read ahead' as const) },
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 25 }), (isNew, steps) => {
        const rack = new Rack(isNew);
        const waiting: { key: number; number: number }[] = [];
        let next = 0;
        for (const one of steps) {
          if (one === 'read ahead') {
            rack.lane.refill(rack.journal, rack.shelf);
          } else if ('arrive' in one) {
            const arrived = numbers(next, next + one.arrive);
            next += one.arrive;
            rack.arrive(arrived, one.priority);
            waiting.push(
              ...arrived.map((number) => ({ key: -one.priority * 1e9 + number, number })),
            );
            waiting.sort((a, b) => a.key - b.key);
          } else {
            const expected = waiting.splice(0, one.take).map(({ number }) => String(number));
            expect(expected.map(() => rack.take())).toEqual(expected);
          }
        }
        expect(rack.takeAll()).toEqual(waiting.map(({ number }) => number));
      }),
      { numRuns: 60 },
    );
  });
});
