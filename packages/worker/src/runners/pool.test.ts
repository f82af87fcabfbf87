import { clockOf, systemClock } from '@millrace/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Assignment, RunEnd } from '../attempt/runner.ts';
import { SlotPool } from './pool.ts';
import type { RunOrder, Slot, SlotEvents, ToSlot } from './slot.ts';

const assignment: Assignment = {
  token: { taskId: 'task', epoch: 1, grant: 1 },
  queue: 'default',
  name: 'echo',
  payload: Uint8Array.of(1),
  attempt: 1,
  losses: 0,
  deadlineMs: null,
  resultMaxBytes: 1_000,
};

/** A slot without a thread or process; the test causes its events. */
class FakeSlot implements Slot {
  readonly events: SlotEvents;
  readonly received: ToSlot[] = [];
  isKilled = false;

  constructor(events: SlotEvents) {
    this.events = events;
  }

  send(message: ToSlot): void {
    this.received.push(message);
  }

  kill(): void {
    this.isKilled = true;
  }

  becomeReady(): void {
    this.events.onMessage({ type: 'millrace:ready' });
  }

  refuse(message: string): void {
    this.events.onMessage({ type: 'millrace:refused', code: 'HANDLER_INVALID', message });
  }

  answer(runId: number, byte: number): void {
    const end: RunEnd = { kind: 'returned', result: Uint8Array.of(byte) };
    this.events.onMessage({ type: 'millrace:ended', runId, end });
  }

  get orders(): RunOrder[] {
    return this.received.filter((message) => message.type === 'millrace:run');
  }

  get lastRunId(): number {
    return this.orders.at(-1)?.runId ?? 0;
  }
}

const fakes: FakeSlot[] = [];

const newest = (): FakeSlot => {
  const slot = fakes.at(-1);
  if (slot === undefined) {
    throw new Error('no slot was started');
  }
  return slot;
};

const startedPool = async (): Promise<SlotPool> => {
  const pool = new SlotPool('thread', 'file:///handlers.js', 1, (_module, events) => {
    const slot = new FakeSlot(events);
    fakes.push(slot);
    return slot;
  });
  const starting = pool.start();
  newest().becomeReady();
  await starting;
  return pool;
};

beforeEach(() => {
  fakes.length = 0;
  vi.useFakeTimers();
  // The clock of the system does not follow faked timers by itself.
  const faked = clockOf({
    setTimeout,
    clearTimeout,
    setImmediate,
    monotonicMs: () => 0,
    wallMs: () => 0,
  });
  vi.spyOn(systemClock, 'after').mockImplementation((ms, run) => faked.after(ms, run));
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('run ids', () => {
  test('an answer to an earlier run is not taken for one to the next', async () => {
    const pool = await startedPool();
    const slot = newest();
    const first = pool.run(assignment);
    const firstId = slot.lastRunId;
    slot.answer(firstId, 1);
    await first.ended;
    const second = pool.run(assignment);
    slot.answer(firstId, 1);
    slot.answer(slot.lastRunId, 2);
    expect(await second.ended).toEqual({ kind: 'returned', result: Uint8Array.of(2) });
  });

  test('an answer of a slot that is being killed counts once the slot is gone', async () => {
    const pool = await startedPool();
    const slot = newest();
    const run = pool.run(assignment);
    const settled = vi.fn<(end: RunEnd) => void>();
    void Promise.resolve(run.ended).then(settled);
    run.kill();
    slot.answer(slot.lastRunId, 7);
    const next = pool.run(assignment);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled).not.toHaveBeenCalled();
    expect(slot.orders).toHaveLength(1);
    slot.events.onExit('exit code 1');
    expect(await run.ended).toEqual({ kind: 'returned', result: Uint8Array.of(7) });
    newest().becomeReady();
    newest().answer(newest().lastRunId, 8);
    expect(await next.ended).toEqual({ kind: 'returned', result: Uint8Array.of(8) });
  });
});

describe('replacement', () => {
  test('a slot that died of its run is replaced at once', async () => {
    const pool = await startedPool();
    const run = pool.run(assignment);
    newest().events.onExit('signal SIGSEGV');
    expect(await run.ended).toMatchObject({
      kind: 'died',
      error: { name: 'RUNNER_DIED', message: 'the thread that ran the task ended: signal SIGSEGV' },
    });
    expect(fakes).toHaveLength(2);
  });

  test('slots that die without a run are replaced ever more slowly, at least every 10 s', async () => {
    await startedPool();
    const delaysMs = [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000];
    for (const [index, delayMs] of delaysMs.entries()) {
      newest().events.onExit('exit code 1');
      await vi.advanceTimersByTimeAsync(delayMs - 1);
      expect(fakes).toHaveLength(index + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(fakes).toHaveLength(index + 2);
    }
  });

  test('a run resets the delay of replacements', async () => {
    const pool = await startedPool();
    newest().events.onExit('exit code 1');
    await vi.advanceTimersByTimeAsync(100);
    newest().becomeReady();
    const run = pool.run(assignment);
    newest().answer(newest().lastRunId, 1);
    await run.ended;
    newest().events.onExit('exit code 1');
    newest().events.onExit('exit code 1');
    const count = fakes.length;
    await vi.advanceTimersByTimeAsync(100);
    expect(fakes).toHaveLength(count + 1);
  });

  test('a run does not wait for a slot that cannot be started', async () => {
    const pool = await startedPool();
    newest().events.onExit('exit code 1');
    const run = pool.run(assignment);
    await vi.advanceTimersByTimeAsync(100);
    newest().events.onExit('exit code 9');
    expect(await run.ended).toMatchObject({
      kind: 'died',
      error: { message: 'no thread could be started for the task: exit code 9', retry: true },
    });
  });

  test('a run ends with the reason for which a slot refused its module, not with how the slot ended', async () => {
    const pool = await startedPool();
    newest().events.onExit('exit code 1');
    const run = pool.run(assignment);
    await vi.advanceTimersByTimeAsync(100);
    newest().refuse('connect ECONNREFUSED');
    newest().events.onExit('signal SIGTERM');
    expect(await run.ended).toMatchObject({
      error: { message: 'no thread could be started for the task: connect ECONNREFUSED' },
    });
  });

  test('a start that throws is told to the run that waits, and tried again later', async () => {
    let isShort = false;
    const pool = new SlotPool('thread', 'file:///handlers.js', 1, (_module, events) => {
      if (isShort) {
        throw new Error('spawn ENOMEM');
      }
      const slot = new FakeSlot(events);
      fakes.push(slot);
      return slot;
    });
    const starting = pool.start();
    newest().becomeReady();
    await starting;
    isShort = true;
    newest().events.onExit('exit code 1');
    const run = pool.run(assignment);
    await vi.advanceTimersByTimeAsync(100);
    expect(await run.ended).toMatchObject({
      error: { message: expect.stringContaining('it could not be started: spawn ENOMEM') },
    });
    isShort = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fakes).toHaveLength(2);
  });

  test('no slot is started after close', async () => {
    const pool = await startedPool();
    newest().events.onExit('exit code 1');
    await pool.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fakes).toHaveLength(1);
  });
});
