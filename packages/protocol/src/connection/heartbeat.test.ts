import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

const times = { idleMs: 5_000, intervalMs: 1_000, probes: 3 };

/** Steps the heartbeat at the times that it asks for, and notes its answers until it says dead. */
const runToDeath = (heartbeat: Heartbeat, fromMs: number): string[] => {
  const said: string[] = [];
  for (let nowMs = fromMs; ; ) {
    const step = heartbeat.step(nowMs);
    said.push(`${nowMs} ${step.act}`);
    if (step.act === 'dead') {
      return said;
    }
    nowMs += step.forMs;
  }
};

test('a silent peer is asked three times and is dead after 8 s', () => {
  expect(runToDeath(new Heartbeat(times, 0), 0)).toEqual([
    '0 wait',
    '5000 ping',
    '6000 ping',
    '7000 ping',
    '8000 dead',
  ]);
});

describe('any byte', () => {
  test('of an idle peer puts the first question off', () => {
    const heartbeat = new Heartbeat(times, 0);
    heartbeat.heard(4_999);
    expect(heartbeat.step(5_000)).toEqual({ act: 'wait', forMs: 4_999 });
  });

  test('after two unanswered questions starts the count again', () => {
    const heartbeat = new Heartbeat(times, 0);
    heartbeat.step(5_000);
    heartbeat.step(6_000);
    heartbeat.heard(6_500);
    expect(heartbeat.heardAtMs).toBe(6_500);
    expect(runToDeath(heartbeat, 6_500)).toEqual([
      '6500 wait',
      '11500 ping',
      '12500 ping',
      '13500 ping',
      '14500 dead',
    ]);
  });
});

test('a peer that asks is asked in return, and is dead 3 s later if it does not answer', () => {
  const heartbeat = new Heartbeat(times, 0);
  heartbeat.heard(4_000);
  heartbeat.asked(4_000);
  expect(runToDeath(heartbeat, 4_000)).toEqual([
    '4000 ping',
    '5000 ping',
    '6000 ping',
    '7000 dead',
  ]);
});

test('a peer that asks and answers is asked again after the idle time', () => {
  const heartbeat = new Heartbeat(times, 0);
  heartbeat.asked(4_000);
  heartbeat.step(4_000);
  heartbeat.heard(4_010);
  expect(heartbeat.step(4_020)).toEqual({ act: 'wait', forMs: 4_990 });
});

test('a process that slept through the whole time asks before it judges', () => {
  expect(new Heartbeat(times, 0).step(3_600_000)).toEqual({ act: 'ping', forMs: 1_000 });
});

test('a silent peer is dead after idle + probes * interval, whatever those are', () => {
  const settings = fc.record({
    idleMs: fc.integer({ min: 1, max: 60_000 }),
    intervalMs: fc.integer({ min: 1, max: 10_000 }),
    probes: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(settings, fc.nat(100_000), (chosen, startMs) => {
      const last = runToDeath(new Heartbeat(chosen, startMs), startMs).at(-1);
      const deadAtMs = startMs + chosen.idleMs + chosen.probes * chosen.intervalMs;
      expect(last).toBe(`${deadAtMs} dead`);
    }),
  );
});
