import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeErrorDetails,
  decodePayload,
  defineTask,
  type Eventually,
  limits,
} from '@millrace/protocol';
import {
  type AttemptResult,
  createExecutor,
  type Executor,
  type HandlerFunction,
  handler,
} from '@millrace/worker';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { assign } from '../support/fixtures/assignment.ts';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { refusalOf } from '../support/fixtures/refusal.ts';
import * as tasks from '../support/fixtures/tasks.ts';
import { followFakeTimers } from '../support/follow-fake-timers.ts';

const task = defineTask('task');

const inline = (fn: HandlerFunction<unknown, unknown>): Promise<Executor> =>
  createExecutor({ handlers: [handler(task, fn)] });

/** A handler that ends when its signal is aborted, with an error of its own. */
const obedient: HandlerFunction<unknown, unknown> = async (_input, { signal }) => {
  await once(signal, 'abort');
  throw new Error('as you wish');
};

const reportOf = (attempt: AttemptResult): tasks.Report => {
  if (attempt.kind !== 'succeeded') {
    throw new Error(`the attempt ended as ${attempt.kind}`);
  }
  return tasks.asReport(decodePayload(attempt.result, 'result'));
};

const settledBy = (finished: Eventually<AttemptResult>): { result: AttemptResult | undefined } => {
  const seen: { result: AttemptResult | undefined } = { result: undefined };
  void Promise.resolve(finished).then((result) => {
    seen.result = result;
  });
  return seen;
};

describe('an attempt', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    followFakeTimers();
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test('succeeds with what the handler returns', async () => {
    const executor = await inline((input) => [input]);
    const attempt = await executor.run(0, assign(task, 'in')).finished;
    expect(attempt.kind === 'succeeded' && decodePayload(attempt.result, 'result')).toEqual(['in']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('times out at its deadline, not before', async () => {
    const executor = await inline(obedient);
    const { finished } = executor.run(0, assign(task, null, { deadlineMs: 500 }));
    const seen = settledBy(finished);
    await vi.advanceTimersByTimeAsync(499);
    expect(seen.result).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.result).toMatchObject({
      kind: 'timed-out',
      error: {
        name: 'DEADLINE_EXCEEDED',
        message: 'no result before the deadline; the attempt then ended with Error: as you wish',
        retry: true,
      },
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('says its deadline once when it throws the reason of its signal', async () => {
    const executor = await inline(async (_input, { signal }) => {
      await once(signal, 'abort');
      throw signal.reason;
    });
    const seen = settledBy(executor.run(0, assign(task, null, { deadlineMs: 500 })).finished);
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.result).toMatchObject({ error: { message: 'no result before the deadline' } });
  });

  test('keeps the causes of the error with which it ends at its deadline', async () => {
    const executor = await inline(async (_input, { signal }) => {
      await once(signal, 'abort');
      throw new Error('gave up', { cause: new Error('too slow') });
    });
    const seen = settledBy(executor.run(0, assign(task, null, { deadlineMs: 500 })).finished);
    await vi.advanceTimersByTimeAsync(500);
    const error = seen.result?.kind === 'timed-out' ? seen.result.error : undefined;
    expect(decodeErrorDetails(error?.details)).toMatchObject({ cause: { message: 'too slow' } });
  });

  test('may have a deadline beyond the longest timer', async () => {
    const deadlineMs = limits.delayMaxMs;
    const executor = await inline(obedient);
    const seen = settledBy(executor.run(0, assign(task, null, { deadlineMs })).finished);
    await vi.advanceTimersByTimeAsync(deadlineMs - 1);
    expect(seen.result).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.result?.kind).toBe('timed-out');
  });

  test('may have no deadline', async () => {
    const executor = await inline(obedient);
    const execution = executor.run(0, assign(task, null, { deadlineMs: null }));
    expect(vi.getTimerCount()).toBe(0);
    execution.abort('drain');
    expect(await execution.finished).toEqual({ kind: 'released' });
  });

  test.each([
    ['cancelled', 'cancelled'],
    ['drain', 'released'],
  ] as const)('that throws when stopped by %s is %s', async (reason, kind) => {
    const executor = await inline(obedient);
    const execution = executor.run(0, assign(task));
    execution.abort(reason);
    expect(await execution.finished).toEqual({ kind });
    execution.abort('cancelled');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is classified by the first reason to stop it', async () => {
    const executor = await inline(obedient);
    const execution = executor.run(0, assign(task));
    execution.abort('drain');
    execution.abort('cancelled');
    expect(await execution.finished).toEqual({ kind: 'released' });
  });

  test('that returns although it was stopped has succeeded', async () => {
    const executor = await inline(async (_input, { signal }) => {
      await once(signal, 'abort');
      return 'just in time';
    });
    const { finished } = executor.run(0, assign(task, null, { deadlineMs: 10 }));
    await vi.advanceTimersByTimeAsync(10);
    expect((await finished).kind).toBe('succeeded');
  });

  test('that is stopped before its handler was called never calls it', async () => {
    const fn = vi.fn<HandlerFunction<unknown, unknown>>();
    const slow = defineTask('slow', { input: z.unknown().refine(async () => true) });
    const executor = await createExecutor({ handlers: [handler(slow, fn)] });
    const execution = executor.run(0, assign(slow));
    execution.abort('cancelled');
    expect(await execution.finished).toEqual({ kind: 'cancelled' });
    expect(fn).not.toHaveBeenCalled();
  });

  test('fails with what the handler throws', async () => {
    const executor = await inline(() => {
      throw new TypeError('no');
    });
    const { finished } = executor.run(0, assign(task, null, { deadlineMs: 10 }));
    expect(await finished).toMatchObject({ kind: 'failed', error: { name: 'TypeError' } });
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ['task', 0, assign(tasks.echo)],
    ['pool', 1, assign(task)],
  ])('fails, to be retried, for a %s that is not here', async (_what, pool, assignment) => {
    const executor = await inline(() => 1);
    expect(await executor.run(pool, assignment).finished).toMatchObject({
      kind: 'failed',
      error: { name: 'HANDLER_NOT_FOUND', retry: true },
    });
  });
});

describe('an attempt that does not stop', () => {
  const handlers = new URL('../support/fixtures/modules/spinning.ts', import.meta.url);

  test.each([
    ['thread', 0],
    ['process', 1],
  ] as const)('is killed after its grace: %s', async (kind, pool) => {
    const lighthouse = await Lighthouse.open();
    const executor = await createExecutor({ handlers, killGraceMs: 1 });
    expect(executor.pools[pool]?.kind).toBe(kind);
    const assignment = (deadlineMs: number | null) =>
      assign({ ...tasks.spin, queue: kind }, { path: lighthouse.path }, { deadlineMs });

    const late = await executor.run(pool, assignment(1)).finished;
    expect(late).toMatchObject({ kind: 'timed-out', error: { name: 'DEADLINE_EXCEEDED' } });

    const cancelled = executor.run(pool, assignment(null));
    cancelled.abort('cancelled', 60_000);
    cancelled.abort('drain', 1);
    expect(await cancelled.finished).toEqual({ kind: 'cancelled' });

    const closed = executor.run(pool, assignment(null));
    await executor.close();
    expect(await closed.finished).toMatchObject({ kind: 'failed', error: { name: 'RUNNER_DIED' } });
    await lighthouse.close();
  });
});

test('a thread in a system call that no kill ends is reported in time, and its slot is lost until the call returns', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-fifo-'));
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const handlers = new URL('../support/fixtures/modules/fifo.ts', import.meta.url);
  const executor = await createExecutor({ handlers, killGraceMs: 1 });
  const read = defineTask('read');
  const execution = executor.run(0, assign(read, fifo));
  // A FIFO opens for writing once the thread has opened it for reading.
  const writer = await open(fifo, 'w');
  execution.abort('cancelled', 1);
  expect(await execution.finished).toEqual({ kind: 'cancelled' });
  expect(execution.occupied).toBeDefined();
  await writer.close();
  await execution.occupied;
  await executor.close();
  await rm(directory, { recursive: true });
});

describe('a suspect', () => {
  test('runs in a process of its own, whatever runner its handler asks for', async () => {
    const handlers = new URL('../support/fixtures/handlers.ts', import.meta.url);
    const executor = await createExecutor({ handlers });
    expect(executor.isolates).toBe(true);
    const suspects = [1, 2].map((losses) =>
      executor.run(0, assign(tasks.report, null, { losses })),
    );
    const places = await Promise.all(
      suspects.map(async ({ finished }) => reportOf(await finished)),
    );
    expect(new Set([process.pid, ...places.map(({ pid }) => pid)]).size).toBe(3);
    const usual = reportOf(await executor.run(0, assign(tasks.report)).finished);
    expect(usual.pid).toBe(process.pid);
    const died = await executor.run(0, assign(tasks.segfault, null, { losses: 1 })).finished;
    expect(died).toMatchObject({ kind: 'failed', error: { name: 'RUNNER_DIED', retry: true } });
    await executor.close();
  });

  test('runs where it runs if its handler is a function that no process can import', async () => {
    const executor = await inline(() => process.pid);
    expect(executor.isolates).toBe(false);
    const { finished } = executor.run(0, assign(task, null, { losses: 2 }));
    expect(finished).toMatchObject({ kind: 'succeeded' });
  });
});

describe('the pools of an executor', () => {
  test('are one per kind, and one for each handler with a concurrency of its own', async () => {
    const handlers = new URL('../support/fixtures/modules/good.mjs', import.meta.url);
    const executor = await createExecutor({ handlers });
    const summary = executor.pools.map(({ id, kind, slots, handles }) => [
      id,
      kind,
      slots,
      handles.map(({ queue, name }) => `${queue}/${name}`),
    ]);
    expect(summary).toEqual([
      [0, 'inline', limits.inlineConcurrency, ['images/a', 'images/b']],
      [1, 'inline', 2, ['images/c']],
      [2, 'thread', 1, ['images/d']],
    ]);
    await executor.close();
  });

  test('have one slot per core for threads and processes', () => {
    const binding = handler(task, () => 1, { runner: 'process' });
    expect(binding).toMatchObject({ concurrency: availableParallelism(), sharesPool: true });
    expect(Object.isFrozen(binding)).toBe(true);
  });

  test('cannot be made of listed functions that ask for a thread or process', async () => {
    const handlers = [handler(task, () => 1, { runner: 'thread' })];
    const { code, message } = await refusalOf(createExecutor({ handlers }));
    expect(code).toBe('HANDLER_NOT_IMPORTABLE');
    expect(message).toContain("task 'task' asks for the runner 'thread'");
  });

  test('are not made of handlers that are bound twice', async () => {
    const handlers = [handler(task, () => 1), handler(task, () => 2)];
    await expect(createExecutor({ handlers })).rejects.toMatchObject({ code: 'HANDLER_INVALID' });
  });
});
