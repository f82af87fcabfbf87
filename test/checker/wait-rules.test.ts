import { describe, expect, test } from 'vitest';
import { check, type FailureClass } from './checker.ts';
import type { HistoryEvent } from './history.ts';

const first = { epoch: 1, grant: 1 };
const second = { epoch: 1, grant: 2 };
const third = { epoch: 1, grant: 3 };

const submit = (about: Partial<Extract<HistoryEvent, { kind: 'submit' }>> = {}): HistoryEvent => ({
  kind: 'submit',
  task: 't1',
  client: 'client',
  what: 'task',
  mayExpire: false,
  ...about,
});
const granted = (token = first): HistoryEvent => ({ kind: 'granted', task: 't1', token });
const about = (token = first) =>
  ({ task: 't1', worker: 'worker', run: `run ${token.grant}`, token }) as const;
const end = (how: string, waitMs?: number, token = first): HistoryEvent => ({
  kind: 'end',
  ...about(token),
  how,
  ...(waitMs === undefined ? {} : { waitMs }),
});
const settled = (as: string, answer = 'accepted', token = first): HistoryEvent => ({
  kind: 'settled',
  task: 't1',
  token,
  as,
  answer,
});
const dead: HistoryEvent = {
  kind: 'visible',
  task: 't1',
  reader: 'client',
  outcome: 'dead',
  value: undefined,
};
const stepped: HistoryEvent = { kind: 'fault', fault: 'step wall', target: '0', on: true };

/** A history whose events have times of their own. */
const timed = (...events: readonly (readonly [number, HistoryEvent])[]): FailureClass[] =>
  check(events.map(([atMs, event]) => ({ ...event, atMs }))).failures.map(
    (failure) => failure.class,
  );

describe('a wait', () => {
  /** An attempt ends at 100 ms, and the next grant comes later. */
  const again = (how: string, waitMs: number | undefined, atMs: number, answer?: string) =>
    [
      [0, submit({ retryLeastMs: 300 })],
      [10, granted()],
      [90, end(how, waitMs)],
      [100, settled(how, answer)],
      [atMs, granted(second)],
    ] as const;

  test.each([
    ['snoozed', 50, 150],
    ['failed', 50, 150],
    ['failed', undefined, 400],
    ['released', undefined, 100],
  ])('of an attempt that %s and asked for %s ms ends after %i ms', (how, waitMs, atMs) => {
    expect(timed(...again(how, waitMs, atMs))).toEqual([]);
  });

  test.each([
    ['snoozed', 50],
    ['failed', 50],
    ['failed', undefined],
  ])('granted early: an attempt %s and asked for %s ms', (how, waitMs) => {
    expect(timed(...again(how, waitMs, 110))).toEqual(['granted early']);
  });

  test('is not judged where the report may be lost, or a clock was stepped', () => {
    expect(timed(...again('snoozed', 50, 110, 'pending'))).toEqual([]);
    expect(timed([0, stepped], ...again('snoozed', 50, 110))).toEqual([]);
  });

  test('granted early: the first grant comes before the wait of the producer', () => {
    expect(timed([0, submit({ delayMs: 50 })], [50, granted()])).toEqual([]);
    expect(timed([0, submit({ delayMs: 50 })], [40, granted()])).toEqual(['granted early']);
  });
});

describe('a task that was put off', () => {
  const two = { attempts: 2, deadlineMs: null, retryLeastMs: 0 };

  test('is dead after as many failures as it has attempts', () => {
    const failed = [
      [2, settled('snoozed')],
      [3, granted(second)],
      [4, settled('failed', 'accepted', second)],
      [5, granted(third)],
      [6, settled('failed', 'pending', third)],
      [7, dead],
    ] as const;
    expect(timed([0, submit(two)], [1, granted()], ...failed)).toEqual([]);
  });

  test('undeserved death: putting it off counted as a failure', () => {
    const failed = [
      [2, settled('snoozed')],
      [3, granted(second)],
      [4, settled('failed', 'accepted', second)],
      [5, dead],
    ] as const;
    expect(timed([0, submit(two)], [1, granted()], ...failed)).toEqual(['undeserved death']);
  });

  test('is dead at once after an error that forbids another attempt', () => {
    const event: HistoryEvent = {
      kind: 'settled',
      task: 't1',
      token: first,
      as: 'failed',
      answer: 'accepted',
      isFinal: true,
    };
    expect(timed([0, submit(two)], [1, granted()], [2, event], [3, dead])).toEqual([]);
  });
});

describe('a version', () => {
  const start = (version: number, input = 't1'): HistoryEvent => ({
    kind: 'start',
    ...about(),
    input,
    version,
  });

  test('is that of the input which the worker is given', () => {
    expect(timed([0, submit({ version: 2 })], [1, granted()], [2, start(2)])).toEqual([]);
  });

  test('wrong version: a worker is given an input of another version', () => {
    const two = submit({ version: 2 });
    expect(timed([0, two], [1, granted()], [2, start(1)])).toEqual(['wrong version']);
    const other = submit({ task: 't2' });
    const replaced = start(2, 't2');
    expect(timed([0, two], [1, other], [2, granted()], [3, replaced])).toEqual(['wrong version']);
  });
});
