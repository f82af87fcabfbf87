import { limits } from '@millrace/protocol';
import type { Random } from '../support/random.ts';

export const faultKinds = [
  'crash manager',
  'vanish manager',
  'stop manager',
  'pause manager',
  'crash worker',
  'vanish worker',
  'stop worker',
  'pause worker',
  'cut off worker',
  'crash client',
  'close client',
  'pause client',
  'cut off client',
  'reset wire',
  'vanish wire',
  'stall wire',
  'fail disk',
  'fill disk',
  'step wall',
] as const;
/** Stalled disks and blinks occur only in storms, and crowds only where the places are few. */
export type FaultKind = (typeof faultKinds)[number] | 'stall disk' | 'blink worker' | 'crowd';

/** A fault, which lasts for a while or is over at once. */
export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  /** The number of the worker, client or wire, taken modulo their count. */
  readonly which: number;
  /**
   * The direction of a fault of a wire. For other faults `toManager` has a meaning of its own:
   * a paused worker keeps its heartbeats, and a cut-off process notices that it is cut off.
   */
  readonly way: 'both' | 'toManager' | 'toDialler';
  /** The step of a wall clock. */
  readonly stepMs: number;
}

const ways = ['both', 'toManager', 'toDialler'] as const;

/** The most faults of one kind in a minute. */
const MOST_A_MINUTE = 12;
const FOR_MAX_MS = 20_000;
const STEP_MAX_MS = 60_000;

const planFault = (random: Random, kind: FaultKind, busyMs: number): Fault => ({
  kind,
  atMs: random.between(0, busyMs),
  // Most faults are shorter than the time after which heartbeats give a connection up.
  forMs: 1 + random.next() ** 3 * FOR_MAX_MS,
  which: random.between(0, 1_000),
  way: ways[random.between(0, 2)] ?? 'both',
  stepMs: random.between(-STEP_MAX_MS, STEP_MAX_MS),
});

/** Each seed has its own rate for each kind of fault; a fifth of the seeds have none. */
export const planFaults = (random: Random, busyMs: number): Fault[] => {
  if (random.next() < 0.2) {
    return [];
  }
  return faultKinds
    .flatMap((kind) => {
      const isThere = random.next() < 0.35;
      const most = isThere ? random.next() ** 2 * MOST_A_MINUTE : 0;
      const count = Math.round((most * busyMs) / 60_000 + random.next() * 0.5 * (isThere ? 1 : 0));
      return Array.from({ length: count }, () => planFault(random, kind, busyMs));
    })
    .toSorted((a, b) => a.atMs - b.atMs);
};

const STORM_MAX_MS = 4_000;
const STORMS_MAX = 6;

/** The disk stalls, and during the stall the manager dies or the write fails; a worker may die with it. */
const planDiskStorm = (random: Random, busyMs: number): Fault[] => {
  const forMs = 50 + random.next() * STORM_MAX_MS;
  const stall = { ...planFault(random, 'stall disk', busyMs), forMs };
  const atMs = Math.min(busyMs, stall.atMs + random.next() * forMs);
  const end = planFault(random, random.next() < 0.7 ? 'crash manager' : 'fail disk', busyMs);
  const worker = planFault(random, 'crash worker', busyMs);
  return [stall, { ...end, atMs }, ...(random.next() < 0.3 ? [{ ...worker, atMs }] : [])];
};

const ABSENCE_MAX_MS = 8_000;

/** A worker is away for longer than the grace of its session, and the manager dies before the worker is back. */
const planAbsence = (random: Random, busyMs: number): Fault[] => {
  const forMs = limits.resumeGraceMs + random.next() * ABSENCE_MAX_MS;
  const away = planFault(random, 'cut off worker', busyMs);
  const end = planFault(random, 'crash manager', busyMs);
  const atMs = away.atMs / 2;
  return [
    { ...away, atMs, forMs, way: random.next() < 0.8 ? 'toManager' : 'both' },
    { ...end, atMs: Math.min(busyMs, atMs + random.next() * forMs) },
  ];
};

const FLAP_MS = 500;
const RESUME_STALL_MAX_MS = 8_000;

/** A connection is lost, and another stalls, perhaps the one that replaces it. */
const planFlap = (random: Random, busyMs: number): Fault[] => {
  const reset = planFault(random, 'reset wire', busyMs);
  const stall = planFault(random, 'stall wire', busyMs);
  const atMs = Math.min(busyMs, reset.atMs + random.next() * FLAP_MS);
  const forMs = random.next() * RESUME_STALL_MAX_MS;
  return [reset, ...(random.next() < 0.5 ? [{ ...stall, atMs, forMs }] : [])];
};

/** An outage that leaves this much of the grace costs no lease: dialling and the handshake need it. */
const RESUME_NEEDS_MS = 1_500;
const BLINK_MIN_MS = 100;
/** Between two blinks the session is taken up, and its grace begins anew. */
const BLINK_GAP_MS = 3_000;
const BLINKS_MAX = 4;

/** All connections of a worker are lost for less than the grace, several times in a row. No task may run twice for that. */
const planBlinks = (random: Random, busyMs: number): Fault[] => {
  const blink = planFault(random, 'blink worker', busyMs);
  const longestMs = limits.resumeGraceMs - RESUME_NEEDS_MS;
  return Array.from({ length: random.between(1, BLINKS_MAX) }, (_, index) => ({
    ...blink,
    atMs: blink.atMs + index * (longestMs + BLINK_GAP_MS),
    forMs: BLINK_MIN_MS + random.next() * (longestMs - BLINK_MIN_MS),
  }));
};

/** The number of the manager's host. */
const FIRST_HOST = 0;

const planClockStep = (random: Random, busyMs: number): Fault[] => [
  { ...planFault(random, 'step wall', busyMs), which: FIRST_HOST },
];

/**
 * A quarter of the seeds have storms of a kind, independently for each kind. A storm
 * combines faults that hit the same moment, which independent faults rarely do.
 */
const some = (random: Random, most: number, storm: () => Fault[]): Fault[] =>
  random.next() < 0.25 ? Array.from({ length: random.between(1, most) }, storm).flat() : [];

export const planStorms = (random: Random, busyMs: number): Fault[] => [
  ...[planDiskStorm, planClockStep, planAbsence, planFlap].flatMap((storm) =>
    some(random, STORMS_MAX, () => storm(random, busyMs)),
  ),
  // Two storms of blinks could hit one worker back to back, and together outlast its grace.
  ...some(random, 1, () => planBlinks(random, busyMs)),
];
