/** Every row of the benchmark. */
import { enqueue } from './1-enqueue.ts';
import { drain } from './2-drain.ts';
import { results } from './3-results.ts';
import { oneAtATime } from './4-one-at-a-time.ts';
import { pickUp } from './5-pick-up.ts';
import { backlogs } from './6-backlog.ts';
import { payloadSizes } from './7-payloads.ts';
import { queueCounts } from './7-queues.ts';
import { runnerKinds } from './7-runners.ts';
import { workerCounts } from './7-workers.ts';
import type { Row } from './row.ts';

export const rows: readonly Row[] = [
  enqueue,
  drain,
  results,
  oneAtATime,
  pickUp,
  ...backlogs,
  workerCounts,
  queueCounts,
  payloadSizes,
  runnerKinds,
];
