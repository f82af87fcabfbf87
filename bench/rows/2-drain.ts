/** Row 2: a waiting backlog, run by one worker process. */
import type { Row } from './row.ts';

const SLOTS = 100;
const BACKLOG = 60_000;
/** Runs at either end that do not count: the worker warms up, the backlog runs out. */
const FROM = 10_000;
const TO = 59_000;

export const drain: Row = {
  number: 2,
  title: 'drain of a waiting backlog, one worker process, 100 slots',
  figures: [{ key: 'drain', title: 'run and finished', unit: '/s' }],
  isFor: ({ abilities }) => abilities.includes('backlog'),
  measure: async (stage) => {
    const producer = await stage.start('producer');
    await producer.order({ order: 'fill', count: BACKLOG });
    await producer.stop();
    const worker = await stage.start('worker');
    await worker.order({ order: 'work', slots: SLOTS });
    const { seconds = 0 } = await worker.order({ order: 'between', from: FROM, to: TO });
    return { drain: (TO - FROM) / seconds };
  },
};
