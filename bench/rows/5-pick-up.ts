/**
 * Row 5: the time from enqueue to the start of the handler under half load, and the
 * CPU that a task costs then. Half load is half of the system's own capacity, which is
 * measured just before. A task costs less when more tasks share a turn and a flush,
 * so the server's CPU is measured a second time at the same load for all systems
 * whose half load is at least that.
 */
import type { Child } from '../harness/child.ts';
import { cpuSeconds } from '../harness/kernel.ts';
import type { Row } from './row.ts';
import type { Stage } from './stage.ts';

const SLOTS = 100;
const SATURATE_MS = 1_000;
const MEASURE_MS = 2_200;
const MS_PER_SECOND = 1_000;
const TASKS = 100_000;
const SAME_LOAD_PER_SECOND = 5_000;

/** Runs a second while a producer sends as fast as it can. */
const capacityOf = async (producer: Child, worker: Child): Promise<number> => {
  const saturate = (ms: number): ReturnType<Child['order']> =>
    producer.order({ order: 'drive', kind: 'enqueue', inFlight: 200, warmUpMs: 0, measureMs: ms });
  const warmUp = await saturate(SATURATE_MS);
  const before = await worker.order({ order: 'count' });
  const driven = await saturate(SATURATE_MS);
  const after = await worker.order({ order: 'count' });
  const sent = (warmUp['calls'] ?? 0) + (driven['calls'] ?? 0);
  await worker.order({ order: 'until', runs: sent });
  const seconds = ((after['atMs'] ?? 0) - (before['atMs'] ?? 0)) / MS_PER_SECOND;
  return ((after['runs'] ?? 0) - (before['runs'] ?? 0)) / seconds;
};

const cpuOf = (stage: Stage, producer: Child, worker: Child): readonly number[] => [
  stage.serverCpuSeconds(),
  cpuSeconds(worker.pid),
  cpuSeconds(producer.pid),
];

interface Paced {
  readonly perSecond: number;
  /** CPU seconds for `TASKS` tasks: server, worker, producer. */
  readonly cpu: readonly number[];
}

/** Enqueues at a steady rate, and waits until all tasks have run. */
const carry = async (
  stage: Stage,
  producer: Child,
  worker: Child,
  perSecond: number,
): Promise<Paced> => {
  const { runs: earlier = 0 } = await worker.order({ order: 'count' });
  const before = cpuOf(stage, producer, worker);
  const paced = await producer.order({ order: 'pace', perSecond, forMs: MEASURE_MS });
  const calls = paced['calls'] ?? 0;
  await worker.order({ order: 'until', runs: earlier + calls });
  const cpu = cpuOf(stage, producer, worker).map(
    (seconds, index) => ((seconds - (before[index] ?? 0)) / calls) * TASKS,
  );
  return { perSecond: paced['perSecond'] ?? 0, cpu };
};

export const pickUp: Row = {
  number: 5,
  title: 'pick-up under half load: enqueue → handler starts; CPU for 100,000 tasks',
  figures: [
    { key: 'rate', title: 'half load', unit: '/s' },
    { key: 'p50', title: 'p50', unit: 'ms' },
    { key: 'p99', title: 'p99', unit: 'ms' },
    { key: 'p999', title: 'p99.9', unit: 'ms' },
    { key: 'server', title: 'CPU, server', unit: 's' },
    { key: 'worker', title: 'CPU, worker', unit: 's' },
    { key: 'producer', title: 'CPU, producer', unit: 's' },
    { key: 'serverAtSame', title: 'CPU, server at 5,000/s', unit: 's' },
  ],
  isFor: () => true,
  measure: async (stage) => {
    const worker = await stage.start('worker');
    await worker.order({ order: 'work', slots: SLOTS });
    const producer = await stage.start('producer');
    const perSecond = (await capacityOf(producer, worker)) / 2;
    await worker.order({ order: 'watch' });
    const half = await carry(stage, producer, worker, perSecond);
    const [server = 0, run = 0, produce = 0] = half.cpu;
    const { p50Ms = 0, p99Ms = 0, p999Ms = 0 } = await worker.order({ order: 'latencies' });
    const latencies = { p50: p50Ms, p99: p99Ms, p999: p999Ms };
    const values = { rate: half.perSecond, ...latencies, server, worker: run, producer: produce };
    if (perSecond < SAME_LOAD_PER_SECOND) {
      return values;
    }
    const same = await carry(stage, producer, worker, SAME_LOAD_PER_SECOND);
    return { ...values, serverAtSame: same.cpu[0] ?? 0 };
  },
};
