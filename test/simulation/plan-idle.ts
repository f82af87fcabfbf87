import type { BrokerOptions } from '@millrace/manager/internals';
import type { Random } from '../support/random.ts';
import type { Fault } from './plan-faults.ts';

/** The parts of a plan that change where clients are soon idle. */
interface Idling {
  readonly presence: BrokerOptions['presence'];
  readonly faults: readonly Fault[];
}

const IDLE_SHARE = 0.15;
const IDLE_MIN_MS = 1_000;
const IDLE_MAX_MS = 6_000;

/**
 * In some seeds a client is dismissed after seconds without a request. The manager is not
 * paused then, so that the time of each dismissal can be judged.
 */
export const withIdleSessions = <P extends Idling>(plan: P, random: Random): P =>
  random.next() < IDLE_SHARE
    ? {
        ...plan,
        presence: { ...plan.presence, idleSessionMs: random.between(IDLE_MIN_MS, IDLE_MAX_MS) },
        faults: plan.faults.filter(({ kind }) => kind !== 'pause manager'),
      }
    : plan;
