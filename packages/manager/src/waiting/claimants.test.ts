import { expect, test } from 'vitest';
import { laneKeyOf } from '../engine/core/handles.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { type Claimant, Claimants } from './claimants.ts';

const claimantOf = (...names: readonly string[]): Claimant => ({
  peer: new RecordingPeer('a'),
  handles: names.map((name) => ({ queue: 'q', name })),
  isolates: false,
  room: () => 1,
  take: () => {},
});

const lane = (name: string): string => laneKeyOf({ queue: 'q', name });

const idle = (claimants: Claimants, ...all: readonly Claimant[]): void => {
  for (const claimant of all) {
    claimants.handlesOf(claimant);
    claimants.setIdle(claimant);
  }
};

test('claimants with the same handles share one `Handles`', () => {
  const claimants = new Claimants();
  const [one, same, other] = [claimantOf('x', 'y'), claimantOf('x', 'y'), claimantOf('y', 'x')];
  expect(claimants.handlesOf(one)).toBe(claimants.handlesOf(same));
  expect(claimants.handlesOf(one)).not.toBe(claimants.handlesOf(other));
  claimants.leaves(one);
  const shared = claimants.handlesOf(same);
  expect(claimants.handlesOf(one)).toBe(shared);
});

test('the longest idle claimant is found across groups, as claimants come and go', () => {
  const claimants = new Claimants();
  const [x1, both, x2, y] = [
    claimantOf('x'),
    claimantOf('x', 'y'),
    claimantOf('x'),
    claimantOf('y'),
  ];
  idle(claimants, x1, both, x2, y);
  expect(claimants.longestIdle(lane('x'))).toBe(x1);
  claimants.setBusy(x1);
  expect(claimants.longestIdle(lane('x'))).toBe(both);
  claimants.setBusy(both);
  expect(claimants.longestIdle(lane('y'))).toBe(y);
  claimants.setIdle(both);
  expect(claimants.longestIdle(lane('y'))).toBe(y);
  expect(claimants.longestIdle(lane('x'))).toBe(x2);
  claimants.leaves(x2);
  expect(claimants.longestIdle(lane('x'))).toBe(both);
  expect(claimants.longestIdle(lane('none'))).toBeUndefined();
});

test('a claimant that has left is never idle, even if it is set idle later', () => {
  const claimants = new Claimants();
  const gone = claimantOf('x');
  idle(claimants, gone);
  claimants.leaves(gone);
  claimants.leaves(gone);
  claimants.setIdle(gone);
  expect(claimants.longestIdle(lane('x'))).toBeUndefined();
});
