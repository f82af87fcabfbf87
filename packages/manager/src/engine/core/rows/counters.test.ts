import { expect, test } from 'vitest';
import { sampleTask } from '../../../testing/sample-tasks.ts';
import { memoryJournal } from '../../store/memory/memory-journal.ts';
import { Core } from '../core.ts';
import { decodeQueues } from './counters.ts';
import { rangeOf } from './keys.ts';

const options = { payloadMaxBytes: 1_000, retainMaxBytes: 1_000_000, restartGraceMs: 1_000 };
const now = { monotonicMs: 1, wallMs: 1_800_000_000_000 };
const bounds = { maxItems: 100, maxBytes: 1_000, order: 'fifo' as const };

/** A manager's core, and what becomes of its journal when another takes over. */
const openStore = () => {
  const journal = memoryJournal();
  let core = new Core(journal, options);
  const commit = async (): Promise<void> => {
    const batch = core.seal();
    await journal.commit(batch.writes);
    core.committed(batch);
  };
  const start = async (): Promise<void> => {
    core = new Core(journal, options);
    core.load(new Uint8Array(32), now);
    await commit();
  };
  let tasks = 0;
  return {
    start,
    /** One more task in each of these queues, in one batch. */
    async addTo(...queues: readonly string[]): Promise<void> {
      for (const queue of queues) {
        tasks += 1;
        core.declareQueue({ name: queue, ...bounds });
        core.enqueue([[{ ...sampleTask(`t${tasks}`), queue }]], now);
      }
      await commit();
    },
    async pause(queue: string): Promise<void> {
      core.setPaused(queue, true);
      await commit();
    },
    /** The queues that each row of counters names, with what was enqueued to them. */
    rows: (): string[] =>
      journal.range(...rangeOf('counters'), Number.MAX_SAFE_INTEGER).map(({ value }) =>
        decodeQueues(value)
          .map(({ counters, queue }) => `${queue} ${counters.enqueued}`)
          .join(', '),
      ),
    reports: (): string[] =>
      core
        .queueReports()
        .map(
          ({ isPaused, name, totals }) => `${name} ${totals.enqueued}${isPaused ? ' paused' : ''}`,
        )
        .toSorted(),
    audit: (): string[] => core.audit(),
  };
};

test('the queues of a batch share a row, which goes when each of them is in a later one', async () => {
  const store = openStore();
  await store.start();
  await store.addTo('a', 'b');
  expect(store.rows()).toEqual(['a 1, b 1']);
  await store.addTo('b', 'c');
  expect(store.rows()).toEqual(['a 1, b 1', 'b 2, c 1']);
  await store.addTo('a', 'c');
  expect(store.rows()).toEqual(['b 2, c 1', 'a 2, c 2']);
  await store.addTo('b', 'd');
  expect(store.rows()).toEqual(['a 2, c 2', 'b 3, d 1']);
  expect(store.audit()).toEqual([]);
});

test('a queue that has a row to itself and changes alone stays in it', async () => {
  const store = openStore();
  await store.start();
  await store.addTo('a', 'b');
  await store.addTo('c', 'd');
  await store.addTo('a');
  expect(store.rows()).toEqual(['a 1, b 1', 'c 1, d 1', 'a 2']);
  await store.addTo('b');
  expect(store.rows()).toEqual(['b 2', 'c 1, d 1', 'a 2']);
  await store.addTo('a');
  expect(store.rows()).toEqual(['b 2', 'c 1, d 1', 'a 3']);
  expect(store.audit()).toEqual([]);
});

test('a row names a bounded number of queues', async () => {
  const store = openStore();
  await store.start();
  const queues = Array.from({ length: 130 }, (_, index) => `q${index}`);
  await store.addTo(...queues);
  expect(store.rows().map((row) => row.split(',').length)).toEqual([64, 64, 2]);
  await store.addTo(...queues.toReversed());
  expect(store.rows().map((row) => row.split(',').length)).toEqual([64, 64, 2]);
  expect(store.audit()).toEqual([]);
});

test('a start takes of each queue what its last row has, and goes on with it', async () => {
  const store = openStore();
  await store.start();
  await store.addTo('a', 'b');
  await store.addTo('b', 'c');
  await store.pause('c');
  await store.start();
  expect(store.reports()).toEqual(['a 1', 'b 2', 'c 1 paused']);
  await store.addTo('a', 'b', 'c');
  expect(store.rows()).toEqual(['a 2, b 3, c 2']);
  expect(store.audit()).toEqual([]);
});
