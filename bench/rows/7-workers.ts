/** Row 7: the cost of idle workers to one busy worker. */
import { compiledFile } from '../harness/paths.ts';
import type { Row, Values } from './row.ts';

const COUNTS = [1, 10, 100, 1_000];
/** The number of idle workers in one process. */
const PER_PROCESS = 250;
const SLOTS = 200;
const IN_FLIGHT = 200;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 3_000;

export const workerCounts: Row = {
  number: 7,
  title: 'workers: one works, the others are idle; results with 200 in flight',
  figures: COUNTS.map((count) => ({
    key: String(count),
    title: count.toLocaleString('en'),
    unit: '/s',
  })),
  isLong: true,
  isFor: ({ name }) => name === 'millrace',
  measure: async (stage) => {
    const worker = await stage.start('worker');
    await worker.order({ order: 'work', slots: SLOTS });
    const producer = await stage.start('producer');
    const timing = { inFlight: IN_FLIGHT, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS };
    const values: Record<string, number> = {};
    let connected = 1;
    for (const count of COUNTS) {
      while (connected < count) {
        const more = Math.min(PER_PROCESS, count - connected);
        const file = compiledFile('millrace/idle-workers.js');
        await stage.startProcess([process.execPath, file, String(more)]);
        connected += more;
      }
      const driven: Values = await producer.order({ order: 'drive', kind: 'call', ...timing });
      values[String(count)] = driven['perSecond'] ?? 0;
    }
    return values;
  },
};
