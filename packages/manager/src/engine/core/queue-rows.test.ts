import { expect, test } from 'vitest';
import { CoreStage } from '../../testing/core-stage.ts';
import { sampleTask } from '../../testing/sample-tasks.ts';
import { rangeOf } from './rows/keys.ts';
import { decodeQueues } from './rows/queue-record.ts';
import { enqueue } from './verbs/enqueue.ts';
import { pause } from './verbs/pause.ts';
import { queueReports } from './verbs/reports.ts';

const bounds = { maxItems: 100, maxBytes: 1_000, order: 'fifo' as const };

/** The queues of a core, and of the next core over the same journal. */
const openStore = () => {
  const stage = new CoreStage();
  let tasks = 0;
  return {
    start: () => stage.start(),
    /** Adds one task to each of these queues, in one batch. */
    async addTo(...queues: readonly string[]): Promise<void> {
      const { now, state } = stage;
      for (const queue of queues) {
        tasks += 1;
        state.declareQueue({ name: queue, ...bounds });
        enqueue(state, [[{ ...sampleTask(`t${tasks}`), queue }]], now);
      }
      await stage.commit();
    },
    async pause(queue: string): Promise<void> {
      pause(stage.state, { queue, isPaused: true });
      await stage.commit();
    },
    /** The queues that each row of counters names, each with its count of enqueued tasks. */
    rows: (): string[] =>
      stage.journal.range(...rangeOf('counters'), Number.MAX_SAFE_INTEGER).map(({ value }) =>
        decodeQueues(value)
          .map(({ counters, queue }) => `${queue} ${counters.enqueued}`)
          .join(', '),
      ),
    reports: (): string[] =>
      queueReports(stage.state)
        .map(
          ({ isPaused, name, totals }) => `${name} ${totals.enqueued}${isPaused ? ' paused' : ''}`,
        )
        .toSorted(),
    audit: (): string[] => stage.audit(),
  };
};

test('the queues of a batch share a row, which is removed when each of them is in a later row', async () => {
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

test('a start reads the counters of each queue from its last row', async () => {
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
