/** Row 3: the producer enqueues and awaits the result; also the CPU that each process spends on a task. */
import { cpuSeconds } from '../harness/kernel.ts';
import type { Row, Values } from './row.ts';
import type { Stage } from './stage.ts';

const FIRST_MS = 2_000;
const WARM_UP_MS = 200;
const MEASURE_MS = 1_300;
const US_PER_SECOND = 1e6;

/** The rate with `inFlight` tasks in flight, and the CPU that each process spent on a task. */
const measureAt = async (stage: Stage, inFlight: number): Promise<Values> => {
  const worker = await stage.start('worker');
  await worker.order({ order: 'work', slots: inFlight });
  const producer = await stage.start('producer');
  const drive = (warmUpMs: number, measureMs: number): Promise<Values> =>
    producer.order({ order: 'drive', kind: 'call', inFlight, warmUpMs, measureMs });
  await drive(0, FIRST_MS);
  const cpuNow = (): readonly number[] => [
    stage.serverCpuSeconds(),
    cpuSeconds(worker.pid),
    cpuSeconds(producer.pid),
  ];
  const before = cpuNow();
  const { calls = 0, perSecond = 0 } = await drive(WARM_UP_MS, MEASURE_MS);
  const [server = 0, run = 0, produce = 0] = cpuNow().map(
    (seconds, index) => ((seconds - (before[index] ?? 0)) / calls) * US_PER_SECOND,
  );
  await producer.stop();
  await worker.stop();
  return { perSecond, server, run, produce };
};

/** Results a second with `inFlight` tasks in flight. */
export const rateOfResults = async (stage: Stage, inFlight: number): Promise<number> =>
  (await measureAt(stage, inFlight))['perSecond'] ?? 0;

export const results: Row = {
  number: 3,
  title: 'enqueue → run → result awaited',
  figures: [
    { key: 'at200', title: '200 in flight', unit: '/s' },
    { key: 'at2000', title: '2,000 in flight', unit: '/s' },
    { key: 'server', title: 'CPU a task, server', unit: 'µs' },
    { key: 'worker', title: 'CPU a task, worker', unit: 'µs' },
    { key: 'producer', title: 'CPU a task, producer', unit: 'µs' },
  ],
  isFor: ({ abilities }) => abilities.includes('call'),
  measure: async (stage) => {
    const few = await measureAt(stage, 200);
    const many = await measureAt(stage, 2_000);
    return {
      at200: few['perSecond'] ?? 0,
      at2000: many['perSecond'] ?? 0,
      server: many['server'] ?? 0,
      worker: many['run'] ?? 0,
      producer: many['produce'] ?? 0,
    };
  },
};
