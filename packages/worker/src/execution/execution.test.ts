import { limits } from '@millrace/protocol';
import { expect, test, vi } from 'vitest';
import type { Assignment, Run, RunEnd, Runner } from '../attempt/runner.ts';
import { deferred } from '../runners/deferred.ts';
import { tuning } from '../tuning.ts';
import { execute, type StopStep } from './execution.ts';

const assignment: Assignment = {
  token: { taskId: 'task', epoch: 1, grant: 1 },
  queue: 'default',
  name: 'echo',
  payload: Uint8Array.of(1),
  attempt: 1,
  losses: 0,
  deadlineMs: 2_000,
  resultMaxBytes: 1_000,
};

/** An attempt over a runner whose kill takes `killMs`, on a clock that the test moves. */
const stage = (killMs: number, kill: Run['kill']) => {
  const timers: { readonly atMs: number; readonly run: () => void }[] = [];
  let nowMs = 0;
  const end = deferred<RunEnd>();
  const run: Run = { begun: undefined, ended: end.promise, abort() {}, kill };
  const runner: Runner = {
    kind: 'process',
    slots: 1,
    liveSlots: 1,
    killMs,
    start: () => Promise.resolve(),
    run: () => run,
    close: () => Promise.resolve(),
  };
  const steps: StopStep['step'][] = [];
  const execution = execute(runner, assignment, {
    killGraceMs: limits.killGraceMs,
    onStep: ({ step }) => void steps.push(step),
    clock: {
      monotonicMs: () => nowMs,
      wallMs: () => nowMs,
      endOfTurn: () => {},
      after: (delayMs, act) => {
        timers.push({ atMs: nowMs + delayMs, run: act });
        return () => {};
      },
    },
  });
  const passTo = (ms: number): void => {
    for (let next = 0; next < timers.length; next += 1) {
      const timer = timers[next];
      if (timer !== undefined && timer.atMs <= ms) {
        nowMs = Math.max(nowMs, timer.atMs);
        timers.splice(next, 1);
        next = -1;
        timer.run();
      }
    }
    nowMs = ms;
  };
  return { end, execution, passTo, steps };
};

test('a kill that takes time is over at the end of the kill grace, before the manager fences', () => {
  const kill = vi.fn<Run['kill']>(() => true);
  const { passTo, steps } = stage(1_000, kill);
  const graceEndsMs = 2_000 + limits.killGraceMs;
  passTo(graceEndsMs - 1_001);
  expect(kill).not.toHaveBeenCalled();
  passTo(graceEndsMs - 1_000);
  expect(kill).toHaveBeenCalledExactlyOnceWith(1_000);
  expect(steps).toEqual(['deadline', 'kill']);
  expect(tuning.lostAfterKillMs).toBeLessThan(limits.fenceSlackMs);
});

test('an attempt that a kill does not end is reported as timed out, and keeps its slot until it ends', async () => {
  const { end, execution, passTo } = stage(0, () => true);
  passTo(2_000 + limits.killGraceMs + tuning.lostAfterKillMs);
  expect(await execution.finished).toMatchObject({
    kind: 'timed-out',
    error: { name: 'DEADLINE_EXCEEDED' },
  });
  expect(execution.occupied).toBeDefined();
  end.resolve({ kind: 'returned', result: Uint8Array.of(1) });
  await execution.occupied;
});
