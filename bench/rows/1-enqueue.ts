/** Row 1: tasks acknowledged to one producer, singly and in bulk, without a worker. */
import type { Row } from './row.ts';

const WARM_UP_MS = 500;
const MEASURE_MS = 1_000;
const BULK = 1_000;
const timing = { warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS };

export const enqueue: Row = {
  number: 1,
  title: 'enqueue acknowledged, one producer',
  figures: [
    { key: 'single', title: '200 in flight', unit: '/s' },
    { key: 'bulk', title: 'in bulk of 1,000', unit: '/s' },
  ],
  isFor: () => true,
  measure: async (stage) => {
    const producer = await stage.start('producer');
    const single = await producer.order({
      order: 'drive',
      kind: 'enqueue',
      inFlight: 200,
      ...timing,
    });
    if (!stage.can('enqueueMany')) {
      return { single: single['perSecond'] ?? 0 };
    }
    const bulk = await producer.order({
      order: 'drive',
      kind: 'enqueueMany',
      inFlight: 1,
      ...timing,
    });
    return { single: single['perSecond'] ?? 0, bulk: (bulk['perSecond'] ?? 0) * BULK };
  },
};
