import { expect, test } from 'vitest';
import { LostWorkers } from './lost-workers.ts';
import { PeerSession } from './session.ts';

const session = (sessionId: string, name = sessionId): PeerSession =>
  new PeerSession(sessionId, 'key', 'worker', { name, host: 'here', pid: 1 }, 0);

const namesOf = (lost: LostWorkers, nowMs: number): string[] =>
  lost.recent(nowMs).map(({ description }) => description.name);

test('a lost worker is shown for five minutes', () => {
  const lost = new LostWorkers();
  lost.note(session('w'), 2, 1_000);
  expect(lost.recent(301_000)).toMatchObject([{ sessionId: 'w', leases: 2, lostAtMs: 1_000 }]);
  expect(lost.recent(301_001)).toEqual([]);
});

test('a lost worker is forgotten when it comes back, or another of its name comes', () => {
  const lost = new LostWorkers();
  lost.note(session('1', 'a'), 0, 0);
  lost.note(session('2', 'b'), 0, 0);
  lost.note(session('3', 'c'), 0, 0);
  lost.cameBack(session('1', 'a'));
  lost.cameBack(session('4', 'b'));
  expect(namesOf(lost, 0)).toEqual(['c']);
});

test('a lost worker that was asked to end is asked again when it comes back', () => {
  const lost = new LostWorkers();
  const asked = session('1');
  asked.drain();
  lost.note(asked, 0, 0);
  lost.note(session('2'), 0, 0);
  expect(lost.cameBack(session('1'))).toBe(true);
  expect(lost.cameBack(session('2'))).toBe(false);
});

test('only the latest hundred lost workers are remembered', () => {
  const lost = new LostWorkers();
  for (let n = 0; n < 150; n++) {
    lost.note(session(`w${n}`), 0, n);
  }
  const names = namesOf(lost, 150);
  expect(names).toHaveLength(100);
  expect(names.at(-1)).toBe('w149');
});
