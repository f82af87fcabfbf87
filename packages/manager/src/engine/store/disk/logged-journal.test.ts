import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../../../protocol/src/testing/manual-clock.ts';
import { orderedMap } from '../../../structures/ordered-map.ts';
import { type Fate, TestLogFile, TestTree } from '../../../testing/log-disk.ts';
import { tuning } from '../../../tuning.ts';
import { KEY_MAX_BYTES, type Row, type Write } from '../journal.ts';
import type { LogFiles } from './log/log-files.ts';
import { MARK_BYTES } from './log/log-record.ts';
import { beginLog, resumeLog } from './log/open-log.ts';
import { positionOf } from './log/position.ts';
import { LoggedJournal } from './logged-journal.ts';

/** Smaller than in production, so that the files are often full. */
const FILE_BYTES = 16 * 1_024;
const LARGE_BYTES = 20_000;
/** A small record takes one page; the next begins behind it. */
const PAGE_BYTES = 4_096;
const ALL = Number.MAX_SAFE_INTEGER;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const put = (key: string, value: string): Write => ({ key, value: Buffer.from(value) });
const rowsOf = (journal: LoggedJournal): Row[] => journal.range('\0', '\xff\xff', ALL);

/** Rows as short texts. A value is one byte many times, so its length and ends tell it from all others. */
const told = (rows: readonly Row[]): string[] =>
  rows.map(
    ({ key: name, value: bytes }) => `${name}: ${bytes.length} of ${bytes[0]}, ${bytes.at(-1)}`,
  );

/** A disk, the journals that are opened on it one after another, and the rows that each must have. */
class Bench {
  readonly files: readonly [TestLogFile, TestLogFile];
  readonly #logFiles: LogFiles;
  readonly tree = new TestTree();
  clock = new ManualClock();
  #journal: LoggedJournal | undefined;
  /** The changes that were acknowledged. */
  rows = orderedMap<Write>();
  /** The writes of a commit in flight. */
  inFlight: readonly Write[] | undefined;
  failure: unknown;
  /** The last record that was noted to be on disk. */
  end = 0;

  constructor(fileBytes: number) {
    this.files = [new TestLogFile(fileBytes), new TestLogFile(fileBytes)];
    this.#logFiles = {
      first: this.files[0],
      second: this.files[1],
      fileBytes,
      noteEnd: ({ sequence }) => {
        this.end = sequence;
      },
      close: async () => {},
    };
  }

  get journal(): LoggedJournal {
    if (this.#journal === undefined) {
      throw new Error('the bench has no journal');
    }
    return this.#journal;
  }

  async open(): Promise<void> {
    this.tree.isPrompt = true;
    const position = positionOf(this.tree);
    const log =
      position === undefined
        ? await beginLog(this.#logFiles, this.tree, { mark: randomBytes(MARK_BYTES), sequence: 0 })
        : await resumeLog(this.#logFiles, this.tree, position, this.end);
    this.clock = new ManualClock();
    this.#journal = new LoggedJournal(this.tree, log, this.clock);
    this.tree.isPrompt = false;
  }

  commit(...writes: readonly Write[]): void {
    this.inFlight = writes;
    this.journal.commit(writes).then(
      () => this.#acknowledged(writes),
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  /** Completes the pending operation of each log file. */
  async appended(): Promise<void> {
    this.files[0].orders.done();
    this.files[1].orders.done();
    await turn();
  }

  /** Completes the pending commit of the tree. */
  async written(): Promise<void> {
    this.tree.orders.done();
    await turn();
  }

  expected(writes: readonly Write[] = []): Row[] {
    const rows = this.rows.clone();
    for (const write of writes) {
      rows.set(write.key, write);
    }
    return rows
      .valuesArray()
      .flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }]));
  }

  #acknowledged(writes: readonly Write[]): void {
    this.inFlight = undefined;
    for (const write of writes) {
      this.rows.set(write.key, write);
    }
  }
}

const opened = async (fileBytes = FILE_BYTES): Promise<Bench> => {
  const bench = new Bench(fileBytes);
  await bench.open();
  return bench;
};

/** A bench whose log has a change of 'a' that its tree has not. */
const logged = async (): Promise<Bench> => {
  const bench = await opened();
  bench.commit(put('a', 'one'));
  await bench.appended();
  return bench;
};

/** The same with a checkpoint of that change in flight. */
const inCheckpoint = async (): Promise<Bench> => {
  const bench = await logged();
  await bench.clock.advance(tuning.checkpointMs);
  return bench;
};

/** The process dies; writes in flight are kept, torn or lost. Another process opens the disk. */
const crash = async (
  bench: Bench,
  isTreeKept: boolean,
  fateOf: (sector: number) => Fate,
): Promise<void> => {
  bench.tree.orders.crash(isTreeKept);
  bench.files[0].crash(fateOf);
  bench.files[1].crash(fateOf);
  await bench.open();
};

const key = fc.constantFrom(...'abcdefgh'.split(''));
const value = fc.option(
  fc.oneof(
    { weight: 30, arbitrary: fc.nat(2_000).map((length) => Buffer.alloc(length, length)) },
    { weight: 1, arbitrary: fc.nat(9).map((n) => Buffer.alloc(LARGE_BYTES, n)) },
  ),
  { nil: undefined },
);
type Step = readonly Write[] | 'appended' | 'written' | 'time';
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.record({ key, value }), { maxLength: 3 }) },
  { weight: 6, arbitrary: fc.constant('appended' as const) },
  { weight: 2, arbitrary: fc.constant('written' as const) },
  { weight: 2, arbitrary: fc.constant('time' as const) },
);
const life = fc.record({
  steps: fc.array(step, { maxLength: 150, size: 'max' }),
  isTreeKept: fc.boolean(),
  fates: fc.array(fc.constantFrom<Fate>('written', 'untouched', 'torn'), {
    minLength: 1,
    maxLength: 7,
  }),
});

const take = async (bench: Bench, taken: Step): Promise<void> => {
  if (taken === 'appended') {
    await bench.appended();
  } else if (taken === 'written') {
    await bench.written();
  } else if (taken === 'time') {
    await bench.clock.advance(tuning.checkpointMs);
  } else if (bench.inFlight === undefined) {
    bench.commit(...taken);
    await turn();
  }
};

test('all acknowledged changes survive a crash, whatever is in flight', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 2, maxLength: 4 }), async (lives) => {
      const bench = await opened();
      for (const { fates, isTreeKept, steps } of lives) {
        for (const taken of steps) {
          await take(bench, taken);
          expect(told(rowsOf(bench.journal))).toEqual(told(bench.expected()));
        }
        await crash(bench, isTreeKept, (sector) => fates[sector % fates.length] ?? 'torn');
        // A commit in flight survives as a whole or not at all.
        const possible = [bench.expected(), bench.expected(bench.inFlight)].map(told);
        const found = rowsOf(bench.journal);
        expect(possible).toContainEqual(told(found));
        bench.rows = orderedMap();
        bench.inFlight = undefined;
        for (const row of found) {
          bench.rows.set(row.key, row);
        }
      }
    }),
    { numRuns: 600 },
  );
});

test('a commit is acknowledged when the log has it, and brought to the tree later', async () => {
  const bench = await opened();
  bench.commit(put('a', 'one'));
  expect(bench.journal.get('a')).toBeUndefined();
  await bench.appended();
  expect(rowsOf(bench.journal)).toEqual([put('a', 'one')]);
  await bench.clock.advance(tuning.checkpointMs - 1);
  expect(bench.tree.orders.isIdle).toBe(true);
  await bench.clock.advance(1);
  await bench.written();
  expect(bench.tree.get('a')).toEqual(Buffer.from('one'));
  expect(rowsOf(bench.journal)).toEqual([put('a', 'one')]);
});

test('many changed keys are brought to the tree at once, each with its last change', async () => {
  const bench = await opened(1024 * 1024);
  const writes = Array.from({ length: tuning.checkpointKeys }, (_, n) => put(`key ${n}`, 'old'));
  bench.commit(...writes.slice(1), put('key 1', 'new'));
  await bench.appended();
  expect(bench.tree.orders.isIdle).toBe(true);
  bench.commit(put('key 0', 'first'));
  await bench.appended();
  await bench.written();
  expect(bench.tree.range('k', 'l', ALL)).toHaveLength(tuning.checkpointKeys);
  expect(bench.tree.get('key 1')).toEqual(Buffer.from('new'));
});

test('no checkpoint begins while a record is being written', async () => {
  const bench = await logged();
  bench.commit(put('b', 'two'));
  await bench.clock.advance(tuning.checkpointMs);
  expect(bench.tree.orders.isIdle).toBe(true);
  await bench.appended();
  expect(bench.tree.orders.isIdle).toBe(false);
  await bench.written();
  expect(bench.tree.get('b')).toEqual(Buffer.from('two'));
});

test('a commit waits while the log is full, and a log file that grew is cut back', async () => {
  const bench = await opened();
  const large = { key: 'large', value: Buffer.alloc(LARGE_BYTES) };
  for (let n = 0; n < 2; n++) {
    bench.commit(large);
    await bench.appended();
  }
  bench.commit(put('a', 'waits'));
  await turn();
  expect(bench.files.every(({ orders }) => orders.isIdle)).toBe(true);
  await bench.written();
  await bench.appended();
  await bench.appended();
  expect(bench.inFlight).toBeUndefined();
  await bench.written();
  await bench.appended();
  expect(bench.files.map(({ sizeBytes }) => sizeBytes)).toEqual([FILE_BYTES, FILE_BYTES]);
});

test('changes made during a checkpoint get one of their own, without further commits', async () => {
  const bench = await opened();
  bench.commit({ key: 'large', value: Buffer.alloc(FILE_BYTES / 2) });
  await bench.appended();
  bench.commit({ key: 'more', value: Buffer.alloc(FILE_BYTES / 2) });
  await bench.appended();
  await bench.written();
  await bench.written();
  expect(bench.tree.get('more')).toHaveLength(FILE_BYTES / 2);
});

test('nothing is written any more after a write of the log has failed', async () => {
  const bench = await logged();
  bench.commit(put('b', 'two'));
  bench.files[0].orders.refuse(new Error('EIO'));
  await turn();
  expect(bench.failure).toEqual(new Error('EIO'));
  await bench.clock.advance(tuning.checkpointMs);
  expect(bench.tree.orders.isIdle).toBe(true);
  await expect(bench.journal.commit([])).rejects.toThrow('EIO');
  expect(bench.files.every(({ orders }) => orders.isIdle)).toBe(true);
  await bench.journal.close();
});

test('the error of a failed checkpoint is thrown by `commit` and `space`, and nothing is lost', async () => {
  const bench = await inCheckpoint();
  bench.tree.orders.refuse(new Error('ENOSPC'));
  await turn();
  expect(() => bench.journal.space()).toThrow('ENOSPC');
  await expect(bench.journal.commit([put('b', 'two')])).rejects.toThrow('ENOSPC');
  expect(rowsOf(bench.journal)).toEqual([put('a', 'one')]);
  await bench.open();
  expect(rowsOf(bench.journal)).toEqual([put('a', 'one')]);
});

test('a commit that waits for a full log rejects when the checkpoint fails', async () => {
  const bench = await opened();
  for (let n = 0; n < 2; n++) {
    bench.commit({ key: 'large', value: Buffer.alloc(LARGE_BYTES, n) });
    await bench.appended();
  }
  bench.commit(put('a', 'waits'));
  await turn();
  bench.tree.orders.refuse(new Error('EIO'));
  await turn();
  expect(bench.failure).toEqual(new Error('EIO'));
});

test('a commit in flight when the checkpoint fails is not acknowledged', async () => {
  const bench = await inCheckpoint();
  bench.commit(put('b', 'two'));
  bench.tree.orders.refuse(new Error('EIO'));
  await turn();
  await bench.appended();
  expect(bench.failure).toEqual(new Error('EIO'));
});

test('a key that is too long for the tree is refused before it is in the log', async () => {
  const bench = await opened();
  const tooLong = put('k'.repeat(KEY_MAX_BYTES + 1), 'x');
  await expect(bench.journal.commit([tooLong])).rejects.toThrow(RangeError);
  await bench.open();
  expect(rowsOf(bench.journal)).toEqual([]);
});

test('a journal that was closed has everything in its tree, a commit in flight included', async () => {
  const bench = await inCheckpoint();
  bench.commit(put('b', 'two'));
  const closed = bench.journal.close();
  await bench.written();
  await bench.appended();
  await bench.written();
  await closed;
  expect(bench.inFlight).toBeUndefined();
  expect(bench.tree.range('a', 'z', ALL)).toEqual([put('a', 'one'), put('b', 'two')]);
  await expect(bench.journal.commit([])).rejects.toThrow('closed');
});

test('close does not wait for a timer after a failure', async () => {
  const bench = await logged();
  bench.commit(put('b', 'two'));
  bench.files[0].orders.refuse(new Error('EIO'));
  await turn();
  expect(bench.clock.timersWaiting).toBe(1);
  await bench.journal.close();
  expect(bench.clock.timersWaiting).toBe(0);
});

test('close waits for the checkpoint in flight, even after a failed commit', async () => {
  const bench = await inCheckpoint();
  bench.commit(put('b', 'two'));
  bench.files[1].orders.refuse(new Error('EIO'));
  await turn();
  let isClosed = false;
  const closed = bench.journal.close().then(() => {
    isClosed = true;
  });
  await turn();
  expect(isClosed).toBe(false);
  await bench.written();
  await closed;
});

test('a log with a damaged record before another is refused', async () => {
  const bench = await opened();
  for (const name of 'abc') {
    bench.commit(put(name, name.repeat(100)));
    await bench.appended();
  }
  bench.files[0].damage(PAGE_BYTES + 50);
  await expect(bench.open()).rejects.toThrow(
    'the log is damaged: record 2 is missing, and later ones up to 3 exist',
  );
});
