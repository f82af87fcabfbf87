/** Row 4: one task at a time, from enqueue to its result, in warm processes. */
import type { Row } from './row.ts';

const SLOTS = 100;
/**
 * Load and single tasks alternate in the warm-up, as they do for a server that has run
 * for a while. Single tasks alone make too few calls for V8 to optimise the code, and
 * the first single task after load alone makes V8 discard its optimised code.
 */
const WARM_UPS = 4;
const WARM_UP_MS = 400;
const LOAD_IN_FLIGHT = 200;
const MEASURE_MS = 1_300;

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
    await worker.order({ order: 'work', slots: SLOTS });
    const producer = await stage.start('producer');
    const drive = (inFlight: number, measureMs: number): ReturnType<typeof producer.order> =>
      producer.order({ order: 'drive', kind: 'call', inFlight, warmUpMs: 0, measureMs });
    for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) {
      await drive(LOAD_IN_FLIGHT, WARM_UP_MS);
      await drive(1, WARM_UP_MS);
    }
    const { p50Ms = 0, p99Ms = 0 } = await drive(1, MEASURE_MS);
    return { p50: p50Ms, p99: p99Ms };
  },
};
