import type { BrokerOptions } from '@millrace/manager/internals';
import type { Random } from '../support/random.ts';
import type { Fault } from './plan-faults.ts';
import type { WorkerPlan } from './worker-life.ts';

/** The parts of a plan that change where the places of a manager are few. */
interface Crowdable {
  readonly busyMs: number;
  readonly clients: number;
  readonly workers: readonly WorkerPlan[];
  readonly faults: readonly Fault[];
  readonly admission: BrokerOptions['admission'];
  readonly presence: BrokerOptions['presence'];
  readonly visitors: number;
}

const STRANGERS_SHARE = 0.05;
const CROWDS_MAX = 3;
const CROWD_MAX_MS = 8_000;
/** The fewest places for connections that have not shown the key, of one address and in all. */
const PLACES_MIN = 2;
const PLACES_MAX = 4;

const planCrowd = (random: Random, busyMs: number): Fault => ({
  kind: 'crowd',
  atMs: random.between(0, busyMs),
  forMs: random.between(1, CROWD_MAX_MS),
  which: random.between(0, 1_000),
  way: 'both',
  stepMs: 0,
});

/**
 * In some seeds strangers take all places at the door, and there are few. In half of them
 * they are the only fault, and must disturb nobody.
 */
export const withStrangers = <P extends Crowdable>(plan: P, random: Random): P => {
  if (random.next() >= STRANGERS_SHARE) {
    return plan;
  }
  const perAddress = random.between(PLACES_MIN, PLACES_MAX);
  const crowds = Array.from({ length: random.between(1, CROWDS_MAX) }, () =>
    planCrowd(random, plan.busyMs),
  );
  const others = random.next() < 0.5 ? [] : plan.faults;
  return {
    ...plan,
    admission: {
      unauthenticatedMaxPerAddress: perAddress,
      unauthenticatedMaxTotal: perAddress + random.between(0, PLACES_MAX),
    },
    faults: [...others, ...crowds].toSorted((a, b) => a.atMs - b.atMs),
  };
};

const VISITORS_SHARE = 0.04;
const VISITORS_MIN = 3;
const VISITORS_MAX = 6;
/** Sessions of the operator, the prober and the reader. */
const OTHERS = 3;

/**
 * In some seeds more visitors come than fit under one of the caps on sessions: of their address, of
 * the key that all peers share, or in all. The visitors are mostly silent.
 */
export const withVisitors = <P extends Crowdable>(plan: P, random: Random): P => {
  if (random.next() >= VISITORS_SHARE) {
    return plan;
  }
  const visitors = random.between(VISITORS_MIN, VISITORS_MAX);
  const places = random.between(2, visitors - 1);
  // A peer that died may be present for a while beside its next life.
  const regulars = 2 * (plan.workers.length + plan.clients) + OTHERS;
  const caps = [
    { sessionsPerAddressMax: places },
    { sessionsPerKeyMax: regulars + places },
    { sessionsMax: regulars + places },
  ];
  const cap = caps[random.between(0, caps.length - 1)];
  return { ...plan, visitors, presence: { ...plan.presence, ...cap } };
};
