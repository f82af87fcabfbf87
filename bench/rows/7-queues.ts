/** Row 7: tasks are spread over many queues, which one worker serves from one pool. */
import { millraceVariant } from '../systems/millrace.ts';
import { rateOfResults } from './3-results.ts';
import type { Row } from './row.ts';
import { Stage } from './stage.ts';

const COUNTS = [1, 10, 1_000];
const IN_FLIGHT = 200;

export const queueCounts: Row = {
  number: 7,
  title: 'queues, tasks spread over them, one pool of 10 slots; results with 200 in flight',
  figures: COUNTS.map((count) => ({
    key: String(count),
    title: count.toLocaleString('en'),
    unit: '/s',
  })),
  isLong: true,
  isFor: ({ name }) => name === 'millrace',
  measure: async () => {
    const values: Record<string, number> = {};
    for (const queues of COUNTS) {
      values[String(queues)] = await Stage.with(
        millraceVariant({ queues, runner: 'inline' }),
        (stage) => rateOfResults(stage, IN_FLIGHT),
      );
    }
    return values;
  },
};
