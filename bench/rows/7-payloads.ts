/** Row 7: payloads of several sizes are enqueued and run, and their empty results awaited. */
import type { Row, Values } from './row.ts';

const SIZES = [
  { key: 'b100', title: '100 B', nameBytes: 6 },
  { key: 'kb10', title: '10 KB', nameBytes: 9_900 },
  { key: 'mb1', title: '1 MB', nameBytes: 999_900 },
] as const;
const SLOTS = 50;
const IN_FLIGHT = 50;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 2_000;

export const payloadSizes: Row = {
  number: 7,
  title: 'payloads, results with 50 in flight',
  figures: SIZES.map(({ key, title }) => ({ key, title, unit: '/s' })),
  isLong: true,
  isOneRound: true,
  isFor: ({ abilities, name }) => abilities.includes('call') && name !== 'basemanager',
  measure: async (stage) => {
    const worker = await stage.start('worker');
    await worker.order({ order: 'work', slots: SLOTS });
    const producer = await stage.start('producer');
    const timing = { inFlight: IN_FLIGHT, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS };
    const values: Record<string, number> = {};
    for (const { key, nameBytes } of SIZES) {
      const driven: Values = await producer.order({ order: 'driveSized', nameBytes, ...timing });
      values[key] = driven['perSecond'] ?? 0;
    }
    return values;
  },
};
