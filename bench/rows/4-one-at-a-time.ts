/** Row 4: one task at a time, from enqueue to its result. */
import type { Row } from './row.ts';

export const oneAtATime: Row = {
  number: 4,
  title: 'one at a time, enqueue → result',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms' },
    { key: 'p99', title: 'p99', unit: 'ms' },
  ],
  isFor: ({ abilities }) => abilities.includes('call'),
  measure: async (stage) => {
    const worker = await stage.start('worker');
    await worker.order({ order: 'work', slots: 1 });
    const producer = await stage.start('producer');
    const { p50Ms = 0, p99Ms = 0 } = await producer.order({
      order: 'drive',
      kind: 'call',
      inFlight: 1,
      warmUpMs: 1_000,
      measureMs: 2_000,
    });
    return { p50: p50Ms, p99: p99Ms };
  },
};
