import type { Engine } from '../engine/engine.ts';

const unexpected = (): never => {
  throw new Error('nobody should have asked the engine for this');
};

/** An engine of which a test supplies what it expects to be used. */
export const engineWith = (parts: Partial<Engine>): Engine => ({
  start: unexpected,
  close: unexpected,
  epoch: 1,
  hasFailed: false,
  declareQueue: unexpected,
  hasQueue: unexpected,
  ticket: unexpected,
  openSession: unexpected,
  resume: unexpected,
  disconnect: unexpected,
  endSession: unexpected,
  enqueue: unexpected,
  claim: unexpected,
  settle: unexpected,
  cancel: unexpected,
  outcomes: unexpected,
  inspect: unexpected,
  size: unexpected,
  list: unexpected,
  retry: unexpected,
  drop: unexpected,
  setPaused: unexpected,
  purge: unexpected,
  waitingLanes: unexpected,
  lostSessions: unexpected,
  leaseCount: unexpected,
  lastHeld: unexpected,
  report: unexpected,
  ...parts,
});
