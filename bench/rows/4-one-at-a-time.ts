/** Row 4: one task at a time, from enqueue to its result, in processes that have been at work. */
import type { Row } from './row.ts';

const SLOTS = 100;
/**
 * Load and single tasks in turns, as a server that has run for a while has met
 * them: one at a time alone makes too few calls for any code to be compiled well,
 * and what load alone compiled is thrown away by the first of them.
 */
const TURNS = 4;
const TURN_MS = 400;
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
    for (let turn = 0; turn < TURNS; turn++) {
      await drive(LOAD_IN_FLIGHT, TURN_MS);
      await drive(1, TURN_MS);
    }
    const { p50Ms = 0, p99Ms = 0 } = await drive(1, MEASURE_MS);
    return { p50: p50Ms, p99: p99Ms };
  },
};
