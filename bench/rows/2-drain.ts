/** Row 2: one worker process drains a waiting backlog. */
import type { Row } from './row.ts';

const SLOTS = 100;
/** Large, because fast systems would drain a smaller backlog before Node has optimised their code. */
const BACKLOG = 200_000;
/** A slow system gets a smaller backlog: the tasks that it could add in this time. */
const FILL_MAX_MS = 4_000;
/** Long enough to know the rate of a slow drain. */
const MEASURE_MAX_MS = 3_000;
const RUNS_PER_MARK = 1_000;

/** Leaves out the first third, in which server and worker warm up, and the last mark, where the backlog runs out. */
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
