/** Row 7: millrace's three runners. */
import { millraceVariant } from '../systems/millrace.ts';
import { rateOfResults } from './3-results.ts';
import type { Row } from './row.ts';
import { Stage } from './stage.ts';

const RUNNERS = ['inline', 'thread', 'process'] as const;
const IN_FLIGHT = 200;

export const runnerKinds: Row = {
  number: 7,
  title:
    'runners, default slots: 10 inline, otherwise one for each core; results with 200 in flight',
  figures: RUNNERS.map((runner) => ({ key: runner, title: runner, unit: '/s' })),
  isLong: true,
  isOneRound: true,
  isFor: ({ name }) => name === 'millrace',
  measure: async () => {
    const values: Record<string, number> = {};
    for (const runner of RUNNERS) {
      const queues = runner === 'inline' ? 1 : 0;
      values[runner] = await Stage.with(millraceVariant({ queues, runner }), (stage) =>
        rateOfResults(stage, IN_FLIGHT),
      );
    }
    return values;
  },
};
