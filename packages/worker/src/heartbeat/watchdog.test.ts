import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { tuning } from '../tuning.ts';
import type { Blocking } from './blocking.ts';
import type { PulseReading } from './pulse.ts';
import { Watchdog } from './watchdog.ts';

const running: PulseReading = {
  beats: 1,
  lastEndInMs: Number.NEGATIVE_INFINITY,
  endsInMs: Number.POSITIVE_INFINITY,
  signals: 0,
  entered: undefined,
};

const spinning: Blocking = { taskId: 'id', name: 'spin', place: 'spin (handlers.js:1:1)' };

/** A watchdog with a clock, a loop and an answer that the test sets. */
const stage = (answer: Blocking | null = spinning, drainMs = 5_000) => {
  const state = {
    nowMs: 0,
    reading: running,
    said: [] as string[],
    kills: 0,
    resumed: [] as number[],
  };
  const watchdog = new Watchdog({
    clock: {
      monotonicMs: () => state.nowMs,
      wallMs: () => state.nowMs,
      after: () => () => {},
      endOfTurn: () => {},
    },
    drainMs,
    killGraceMs: 1_000,
    read: () => state.reading,
    ask: (answered) => {
      if (answer !== null) {
        answered(answer);
      }
    },
    say: (_level, text) => void state.said.push(text),
    resumed: (silentMs) => void state.resumed.push(silentMs),
    kill: () => {
      state.kills += 1;
    },
  });
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= tuning.watchdogTickMs) {
      state.nowMs += tuning.watchdogTickMs;
      const { endsInMs, lastEndInMs } = state.reading;
      const by = tuning.watchdogTickMs;
      state.reading = { ...state.reading, endsInMs: endsInMs - by, lastEndInMs: lastEndInMs - by };
      watchdog.tick();
    }
  };
  watchdog.tick();
  return { state, watchdog, pass };
};

test('a loop that beats is left alone', () => {
  const { pass, state, watchdog } = stage();
  for (let beats = 2; beats < 40; beats += 1) {
    state.reading = { ...running, beats };
    pass(1_000);
  }
  expect(state).toMatchObject({ said: [], kills: 0, resumed: [] });
  expect(watchdog.blocked).toBeUndefined();
});

test('a silent loop is named once, and told when it runs again', () => {
  const { pass, state, watchdog } = stage();
  pass(10_000);
  expect(state.said).toEqual([
    "the event loop is blocked for 2.0s by a task 'spin', in spin (handlers.js:1:1)",
  ]);
  expect(watchdog.blocked).toEqual({ ...spinning, silentMs: 10_000 });
  state.reading = { ...running, beats: 2 };
  pass(250);
  expect(state.resumed).toEqual([10_250]);
  expect(watchdog.blocked).toBeUndefined();
});

test('a loop in a system call is named by the handler that was entered, if that is known', () => {
  const unknown = stage(null);
  unknown.pass(5_000);
  expect(unknown.state.said).toEqual([
    'the event loop is blocked for 2.5s by code of no known task, in a call that does not return to JavaScript',
  ]);
  const known = stage(null);
  known.state.reading = { ...running, entered: { taskId: 'id', name: 'read' } };
  known.pass(5_000);
  expect(known.state.said[0]).toContain("by a task 'read', in a call that does not return");
  expect(known.watchdog.blocked).toMatchObject({ taskId: 'id', name: 'read' });
});

test('the process ends after the last deadline, its kill grace and the slack of the fence', () => {
  const { pass, state } = stage();
  state.reading = { ...running, lastEndInMs: 3_000 };
  pass(3_000 + 1_000 + limits.fenceSlackMs - tuning.watchdogTickMs);
  expect(state.kills).toBe(0);
  pass(tuning.watchdogTickMs);
  expect(state.kills).toBe(1);
});

test('a task without a deadline keeps a silent process for the longest time allowed', () => {
  const { pass, state } = stage();
  state.reading = { ...running, lastEndInMs: Number.POSITIVE_INFINITY };
  pass(limits.loopSilentMaxMs - tuning.watchdogTickMs);
  expect(state.kills).toBe(0);
  pass(tuning.watchdogTickMs);
  expect(state.kills).toBe(1);
});

test('a process that was stopped for long is not taken for one whose loop is blocked', () => {
  const { state, watchdog } = stage();
  state.reading = { ...running, lastEndInMs: -60_000 };
  state.nowMs += 60_000;
  watchdog.tick();
  expect(state).toMatchObject({ said: [], kills: 0 });
});

test('a signal ends a silent process within the drain time, and a second one at once', () => {
  const first = stage();
  first.watchdog.signalled('SIGTERM');
  first.pass(4_250);
  expect(first.state.kills).toBe(0);
  first.pass(500);
  expect(first.state.kills).toBe(1);
  const second = stage();
  second.watchdog.signalled('SIGINT');
  second.pass(500);
  second.watchdog.signalled('SIGINT');
  expect(second.state.kills).toBe(0);
  second.pass(1_000);
  second.watchdog.signalled('SIGINT');
  expect(second.state.kills).toBe(1);
});

test('a signal that the loop has lived to see is left to it', () => {
  const { pass, state, watchdog } = stage();
  watchdog.signalled('SIGTERM');
  state.reading = { ...running, beats: 3 };
  pass(60_000);
  expect(state.kills).toBe(0);
});

test('a short time to drain ends no process whose loop may still run', () => {
  const { pass, state, watchdog } = stage(spinning, 100);
  watchdog.signalled('SIGTERM');
  pass(750);
  expect(state.kills).toBe(0);
  pass(500);
  expect(state.kills).toBe(1);
});

test('a signal that came just after the last beat of the loop is not lost', () => {
  const { pass, state, watchdog } = stage();
  state.reading = { ...running, beats: 2 };
  watchdog.signalled('SIGTERM');
  pass(5_000);
  expect(state.kills).toBe(1);
});

test('a drain that was begun before the loop fell silent ends in its time', () => {
  const { pass, state } = stage();
  state.reading = { ...running, endsInMs: 4_000 };
  pass(3_750);
  expect(state.kills).toBe(0);
  pass(250);
  expect(state.kills).toBe(1);
});
