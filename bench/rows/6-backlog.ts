/**
 * Row 6: the cost of a backlog: the rate at which it drains, the server's memory,
 * the disk, and the time of a restart.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child } from '../harness/child.ts';
import type { Row } from './row.ts';
import type { Stage } from './stage.ts';

const SLOTS = 100;
const WARM_UP = 20_000;
/** Tasks that are drained to measure the rate; a smaller backlog is filled and drained repeatedly. */
const DRAINED = 100_000;
/** The first runs of each drain do not count, because the worker connects again. */
const SKIPPED = 1_000;
/** A backlog that would take longer to fill is not measured; the table says so. */
const FILL_MAX_MS = 600_000;
/** The number of tasks from whose filling the time for the rest is estimated. */
const SAMPLE = 100_000;
/** The time that an answer may take beyond the time limit in its order. */
const GRACE_MS = 60_000;
const BLOCK_BYTES = 512;
const BYTES_PER_MB = 1e6;
const MS_PER_SECOND = 1_000;
const MS_PER_MINUTE = 60_000;

/** Bytes that the files of a directory occupy on disk. */
const diskBytes = async (directory: string): Promise<number> => {
  const entries = await readdir(directory, { recursive: true });
  const files = await Promise.all(entries.map((entry) => lstat(join(directory, entry))));
  return files.reduce((sum, { blocks }) => sum + blocks * BLOCK_BYTES, 0);
};

/** Adds `count` tasks. @throws when the sample shows that filling takes longer than `FILL_MAX_MS` */
const fill = async (producer: Child, count: number): Promise<void> => {
  const sample = Math.min(count, SAMPLE);
  const rest = count - sample;
  const startedAtMs = performance.now();
  const put = async (part: number, partMaxMs: number): Promise<number> => {
    const order = { order: 'fill', count: part, maxMs: partMaxMs };
    return (await producer.order(order, partMaxMs + GRACE_MS))['count'] ?? 0;
  };
  let filled = await put(sample, FILL_MAX_MS);
  const perMs = (): number => filled / (performance.now() - startedAtMs);
  const leftMs = startedAtMs + FILL_MAX_MS - performance.now();
  if (rest > 0 && rest <= perMs() * leftMs) {
    filled += await put(rest, leftMs);
  }
  if (filled < count) {
    const rate = Math.round(perMs() * MS_PER_SECOND).toLocaleString('en');
    const minutes = FILL_MAX_MS / MS_PER_MINUTE;
    throw new Error(`at ${rate}/s the backlog cannot be filled within ${minutes} minutes`);
  }
};

const work = (worker: Child): ReturnType<Child['order']> =>
  worker.order({ order: 'work', slots: SLOTS });

/** Drains a backlog of `count` tasks, refilled until `DRAINED` tasks have run, and returns runs a second. */
const drainRate = async (producer: Child, worker: Child, count: number): Promise<number> => {
  const each = Math.min(count, DRAINED);
  let runs = 0;
  let seconds = 0;
  for (let done = WARM_UP; done < WARM_UP + DRAINED; done += each) {
    if (done > WARM_UP) {
      await fill(producer, each);
    }
    await work(worker);
    const range = { from: done + SKIPPED, to: done + each };
    const drained = await worker.order({ order: 'between', ...range });
    runs += drained['runs'] ?? 0;
    seconds += drained['seconds'] ?? 0;
    await worker.order({ order: 'rest' });
  }
  return runs / seconds;
};

/** Seconds until a new server on the same data has acknowledged a task. */
const restartSeconds = async (stage: Stage): Promise<number> => {
  const startedAtMs = performance.now();
  await stage.restartServer();
  const producer = await stage.start('producer');
  const timing = { inFlight: 1, warmUpMs: 0, measureMs: 1 };
  await producer.order({ order: 'drive', kind: 'enqueue', ...timing }, FILL_MAX_MS);
  return (performance.now() - startedAtMs) / MS_PER_SECOND;
};

const backlogOf = (count: number): Row => ({
  number: 6,
  title: `a backlog of ${count.toLocaleString('en')}`,
  isLong: true,
  isOneRound: true,
  figures: [
    { key: 'drain', title: 'drain', unit: '/s' },
    { key: 'memory', title: 'anonymous memory of the server', unit: 'MB' },
    { key: 'disk', title: 'disk for a task', unit: 'B' },
    { key: 'restart', title: 'restart until a task is acknowledged', unit: 's' },
  ],
  // BaseManager's worker has no order `rest`.
  isFor: ({ abilities, name }) => abilities.includes('backlog') && name !== 'basemanager',
  measure: async (stage) => {
    const worker = await stage.start('worker');
    const producer = await stage.start('producer');
    await work(worker);
    await fill(producer, WARM_UP);
    await worker.order({ order: 'until', runs: WARM_UP });
    await worker.order({ order: 'rest' });
    const emptyBytes = await diskBytes(stage.directory);
    await fill(producer, count);
    const disk = ((await diskBytes(stage.directory)) - emptyBytes) / count;
    const memory = stage.serverBytes() / BYTES_PER_MB;
    const drain = await drainRate(producer, worker, count);
    await fill(producer, Math.min(count, DRAINED));
    await producer.stop();
    await worker.stop();
    return { drain, memory, disk, restart: await restartSeconds(stage) };
  },
});

export const backlogs: readonly Row[] = [10_000, 1_000_000, 10_000_000].map(backlogOf);
