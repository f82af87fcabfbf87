import type { BrokerOptions, QueueSpec } from '@millrace/manager/internals';
import { limits } from '@millrace/protocol';
import { Random } from '../support/random.ts';
import { withBlocks } from './plan-blocks.ts';
import { withStrangers, withVisitors } from './plan-crowds.ts';
import { type Fault, planFaults, planStorms } from './plan-faults.ts';
import { withIdleSessions } from './plan-idle.ts';
import { withKeys } from './plan-keys.ts';
import { type Order, planOrders, planPoisoning, poison } from './plan-orders.ts';
import { type Pause, planPauses } from './plan-pauses.ts';
import { withRetries } from './plan-retries.ts';
import { withVersions } from './plan-versions.ts';
import type { DiskRates } from './sim-disk.ts';
import type { NetworkRates } from './sim-network.ts';
import { type SimTaskName, simTasks } from './work.ts';
import type { WorkerPlan } from './worker-life.ts';

/** Everything about a run that is drawn before the run begins. */
export interface Plan {
  readonly seed: number;
  /** The time for orders and faults, after which the faults end. */
  readonly busyMs: number;
  readonly clients: number;
  readonly workers: readonly WorkerPlan[];
  readonly queues: readonly QueueSpec[];
  /** Bounds of the manager on connections without a key, and on sessions, that differ from the defaults. */
  readonly admission: BrokerOptions['admission'];
  readonly presence: BrokerOptions['presence'];
  readonly orders: readonly Order[];
  readonly pauses: readonly Pause[];
  /** The number of clients that are mostly silent, beside those with orders. */
  readonly visitors: number;
  readonly faults: readonly Fault[];
  readonly network: NetworkRates;
  readonly disk: DiskRates;
  readonly restartMs: number;
  /** Whether probes are sent ten seconds after the faults, which must finish promptly. */
  readonly isProbed: boolean;
}

export const calmNetwork: NetworkRates = {
  latencyMs: 0.2,
  jitterMs: 0.3,
  spikes: 0,
  bytesPerMs: 0,
};
export const calmDisk: DiskRates = { flushMs: 2, stalls: 0 };

/** A rate that is often zero, because some defects show only without a kind of fault. */
const rate = (random: Random, most: number): number =>
  random.next() < 0.4 ? 0 : random.next() ** 2 * most;

const oneOf = <T>(random: Random, first: T, ...rest: readonly T[]): T =>
  [first, ...rest][random.between(0, rest.length)] ?? first;

const planNetwork = (random: Random): NetworkRates => ({
  latencyMs: oneOf(random, 0.1, 1, 20),
  jitterMs: oneOf(random, 0, 1, 50),
  spikes: rate(random, 0.02),
  bytesPerMs: oneOf(random, 0, 0, 0, 2_000, 20),
});

const planDisk = (random: Random): DiskRates => ({
  flushMs: oneOf(random, 0.5, 5, 50, 500),
  stalls: rate(random, 0.2),
});

/** Each of these seeds the random numbers of one addition to the plan, so that the others keep theirs. */
const PAUSES = 0x7a_05_e5_e8;
const HEARTBEAT_THREADS = 0x1a_4e_5e_ed;
const STORMS = 0x57_02_35_ed;
const PROBES = 0x9f_0b_e5_ed;
const POISON = 0x90_15_0b_ed;
const ISOLATION = 0x15_01_a7_ed;
const BLOCKS = 0xb1_0c_6e_ed;
const IDLENESS = 0x1d_1e_5e_ed;
const STRANGERS = 0x57_2a_96_ed;
const VISITORS = 0x71_51_70_ed;
const RETRIES = 0x2e_72_1e_ed;
const KEYS = 0x4e_75_0e_ed;
const VERSIONS = 0x7e_25_10_ed;
/** Not all seeds are probed, because the probes cost a third of a small seed's time. */
const PROBED_SHARE = 0.3;

/** The first worker handles all tasks, so that no task waits for a missing handler. */
const planWorkers = (random: Random, heartbeatThreads: Random, isolation: Random): WorkerPlan[] => {
  const names: readonly Exclude<SimTaskName, 'probe'>[] = ['grind', 'sift', 'weigh'];
  const isolatingShare = isolation.next();
  return Array.from({ length: random.between(1, 3) }, (_, index) => {
    const own = names.filter(() => index === 0 || random.next() < 0.6);
    return {
      tasks: [...own.map((name) => simTasks[name]), simTasks.probe],
      slots: random.between(1, 4),
      heartbeatThread: heartbeatThreads.next() < 0.4 ? 'connected' : 'none',
      isolates: isolation.next() < isolatingShare,
      versions: [1],
    };
  });
};

const planQueues = (random: Random): QueueSpec[] => {
  const bounded = (name: string, maxItems: number): QueueSpec => ({
    name,
    maxItems,
    maxBytes: limits.queueMaxBytes,
    order: random.next() < 0.3 ? 'lifo' : 'fifo',
  });
  return [
    bounded('mill', limits.queueMaxItems),
    bounded('scales', random.between(1, 6)),
    bounded('sacks', random.between(1, 6)),
    bounded('probes', limits.queueMaxItems),
  ];
};

const BUSY_MIN_MS = 3_000;
const BUSY_MAX_MS = 40_000;

/**
 * The size of a seed as a share of the largest; half of the seeds are below a sixteenth.
 * Small seeds find most defects at a fraction of the cost, but some defects need large ones.
 */
const planSize = (random: Random): number => random.next() ** 4;

const ordinaryPlanOf = (seed: number): Plan => {
  const random = new Random(seed);
  const size = planSize(random);
  const busyMs = Math.round(BUSY_MIN_MS + size * (BUSY_MAX_MS - BUSY_MIN_MS));
  const clients = random.between(1, 3);
  const workers = planWorkers(
    random,
    new Random(seed ^ HEARTBEAT_THREADS),
    new Random(seed ^ ISOLATION),
  );
  const queues = planQueues(random);
  const poisonRandom = new Random(seed ^ POISON);
  const poisoning = planPoisoning(poisonRandom);
  const orders = poison(poisonRandom, planOrders(random, { busyMs, clients, size }), poisoning);
  const faults = [
    ...planFaults(random, busyMs),
    ...planStorms(new Random(seed ^ STORMS), busyMs),
  ].toSorted((a, b) => a.atMs - b.atMs);
  return {
    seed,
    busyMs,
    clients,
    workers,
    queues,
    admission: undefined,
    presence: undefined,
    orders,
    pauses: planPauses(new Random(seed ^ PAUSES), busyMs, ['mill', 'scales', 'sacks']),
    visitors: 0,
    faults: poisoning.isAlone ? [] : faults,
    network: planNetwork(random),
    disk: planDisk(random),
    restartMs: random.between(10, 5_000),
    isProbed: new Random(seed ^ PROBES).next() < PROBED_SHARE,
  };
};

/** Each addition draws from random numbers of its own, and leaves most plans as they are. */
export const planOf = (seed: number): Plan => {
  const blocked = withBlocks(ordinaryPlanOf(seed), new Random(seed ^ BLOCKS));
  const idle = withIdleSessions(blocked, new Random(seed ^ IDLENESS));
  const visited = withVisitors(idle, new Random(seed ^ VISITORS));
  const strange = withStrangers(visited, new Random(seed ^ STRANGERS));
  const retrying = withRetries(strange, new Random(seed ^ RETRIES));
  const versioned = withVersions(retrying, new Random(seed ^ VERSIONS));
  return withKeys(versioned, new Random(seed ^ KEYS));
};
