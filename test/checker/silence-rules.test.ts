import { describe, expect, test } from 'vitest';
import { check, type FailureClass } from './checker.ts';
import type { EventOf, HistoryEvent } from './history.ts';

const first = { epoch: 1, grant: 1 };
const second = { epoch: 1, grant: 2 };

const submit = (task: string, deadlineMs: number | null): HistoryEvent => ({
  kind: 'submit',
  task,
  client: 'client',
  what: 'task',
  mayExpire: false,
  deadlineMs,
});
const granted = (task: string, token = first): HistoryEvent => ({ kind: 'granted', task, token });
const start = (task: string, run: string, token = first): HistoryEvent => ({
  kind: 'start',
  task,
  worker: 'worker',
  run,
  token,
});
const loop = (is: EventOf<'loop'>['is']): HistoryEvent => ({ kind: 'loop', worker: 'worker', is });

/** Judges a history whose events have the given times. */
const timed = (...events: readonly (readonly [number, HistoryEvent])[]): FailureClass[] =>
  check(events.map(([atMs, event]) => ({ ...event, atMs }))).failures.map(
    (failure) => failure.class,
  );

describe('a worker whose event loop is blocked', () => {
  const blocked = [
    [0, submit('t1', 1_000)],
    [0, submit('t2', 5_000)],
    [1, granted('t1')],
    [1, granted('t2', second)],
    [1, start('t1', 't1#1')],
    [1, start('t2', 't2#1', second)],
    [100, loop('blocked')],
  ] as const;

  test('is ended when the last of its attempts can no longer be reported', () => {
    expect(timed(...blocked, [16_200, loop('ended by its watchdog')])).toEqual([]);
    expect(timed(...blocked, [12_200, loop('ended by its watchdog')])).toEqual(['ended early']);
    expect(timed(...blocked, [30_000, loop('ended by its watchdog')])).toEqual(['silent too long']);
  });

  test('may run again before that, and not after it', () => {
    expect(timed(...blocked, [16_000, loop('running')])).toEqual([]);
    expect(timed(...blocked, [20_000, loop('running')])).toEqual(['silent too long']);
  });

  test('is ended within its time to drain', () => {
    const endless = [
      [0, submit('t1', null)],
      [1, granted('t1')],
      [1, start('t1', 't1#1')],
      [100, loop('blocked')],
      [1_000, loop('told to stop')],
    ] as const;
    expect(timed(...endless, [25_600, loop('ended by its watchdog')])).toEqual([]);
    expect(timed(...endless, [20_000, loop('ended by its watchdog')])).toEqual(['ended early']);
    expect(timed(...endless, [28_000, loop('dead')])).toEqual(['silent too long']);
  });

  test('is not judged if the whole process was paused', () => {
    const paused: HistoryEvent = { kind: 'fault', fault: 'pause worker', target: '0', on: true };
    expect(timed(...blocked, [200, paused], [40_000, loop('running')])).toEqual([]);
  });
});
