/** Row 2: a waiting backlog, run by one worker process. */
import type { Row } from './row.ts';

const SLOTS = 100;
/** Of a smaller one, the fast are done before Node has compiled what they run. */
const BACKLOG = 200_000;
/** What a slow system could not add by then is missing from its backlog. */
const FILL_MAX_MS = 4_000;
/** Enough of a slow drain to know its rate. */
const MEASURE_MAX_MS = 3_000;
const RUNS_PER_MARK = 1_000;

/** Leaves out a third, in which server and worker warm up, and the end, where the backlog runs out. */
const measuredRuns = (backlog: number): { from: number; to: number } => {
  const marks = Math.floor(backlog / RUNS_PER_MARK);
  return { from: Math.ceil(marks / 3) * RUNS_PER_MARK, to: (marks - 1) * RUNS_PER_MARK };
};

export const drain: Row = {
  number: 2,
  title: 'drain of a waiting backlog, one worker process, 100 slots',
  figures: [{ key: 'drain', title: 'run and finished', unit: '/s' }],
  isFor: ({ abilities }) => abilities.includes('backlog'),
  measure: async (stage) => {
    const producer = await stage.start('producer');
    const { count = 0 } = await producer.order({
      order: 'fill',
      count: BACKLOG,
      maxMs: FILL_MAX_MS,
    });
    await producer.stop();
    const worker = await stage.start('worker');
    await worker.order({ order: 'work', slots: SLOTS });
    const { from, to } = measuredRuns(count);
    const range = { from, to, maxMs: MEASURE_MAX_MS };
    const { runs = 0, seconds = 0 } = await worker.order({ order: 'between', ...range });
    return { drain: runs / seconds };
  },
};
