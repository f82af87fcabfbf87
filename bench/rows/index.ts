/** Every row of the benchmark. */
import { enqueue } from './1-enqueue.ts';
import { drain } from './2-drain.ts';
import { results } from './3-results.ts';
import { oneAtATime } from './4-one-at-a-time.ts';
import { pickUp } from './5-pick-up.ts';
import type { Row } from './row.ts';

export const rows: readonly Row[] = [enqueue, drain, results, oneAtATime, pickUp];
