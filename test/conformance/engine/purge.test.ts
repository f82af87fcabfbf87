import { tuning } from '@millrace/manager/internals';
import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, type EngineStage, idsOf, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';
import { oneOfEach } from './operator-steps.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

onEachEngine('a purge', (open) => {
  const purgeAll = async (
    stage: EngineStage,
    queue = 'q',
  ): Promise<{ cancelled: number; steps: number }> => {
    let cancelled = 0;
    let steps = 0;
    for (let after: string | undefined; ; ) {
      const answer = await stage.engine.purge({ queue, after });
      if (answer === 'UNKNOWN_QUEUE') {
        throw new Error(answer);
      }
      cancelled += answer.cancelled;
      steps += 1;
      if (answer.next === undefined) {
        return { cancelled, steps };
      }
      after = answer.next;
    }
  };

  test('of the task that is due next does not delay a later one in another queue', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('other')] });
    await stage.enqueue(task('soon', { delayMs: 1_000 }));
    await stage.enqueue(task('later', { queue: 'other', delayMs: 20_000 }));
    await purgeAll(stage);
    await stage.advance(1_000);
    await stage.advance(20_000);
    expect(await stage.state('soon')).toBe('cancelled');
    expect(await stage.state('later')).toBe('ready');
  });

  test('cancels waiting tasks and leaves leased ones', async () => {
    const stage = await open();
    await oneOfEach(stage);
    expect(await purgeAll(stage)).toEqual({ cancelled: 4, steps: 1 });
    expect(await stage.engine.size('q')).toMatchObject({ ready: 0, scheduled: 0, leased: 1 });
    expect(await stage.outcome('ready')).toMatchObject({
      state: 'cancelled',
      error: { message: 'its queue was purged' },
    });
    for (const taskId of ['scheduled', 'retrying']) {
      expect(await stage.outcome(taskId)).toMatchObject({ state: 'cancelled' });
    }
    expect(await stage.state('leased')).toBe('leased');
    expect(stage.told.outcomes.map(({ taskId }) => taskId)).toContain('scheduled');
    expect(stage.told.rooms).toContain('q');
  });

  test('does not delay a task of another queue that falls due later', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('other')] });
    await stage.enqueue(task('1', { delayMs: SECOND_MS }));
    await stage.enqueue(task('2', { queue: 'other', delayMs: 20 * SECOND_MS }));
    await purgeAll(stage);
    await stage.advance(2 * SECOND_MS);
    await stage.advance(MINUTE_MS);
    expect(await stage.state('2')).toBe('ready');
  });

  test('leaves other queues alone', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('other')] });
    const elsewhere = { queue: 'other' };
    await stage.enqueue(task('1'), task('2', { delayMs: DAY_MS }));
    await stage.enqueue(task('3', elsewhere), task('4', { ...elsewhere, delayMs: DAY_MS }));
    expect(await purgeAll(stage)).toMatchObject({ cancelled: 2 });
    expect(await stage.state('3')).toBe('ready');
    expect(await stage.state('4')).toBe('scheduled');
  });

  test('of a backlog goes step by step and leaves no rows', async () => {
    const stage = await open();
    const count = tuning.windowMaxTasks * 3 + 100;
    const many = Array.from({ length: count }, (_, n) => task(`t${n}`, { payload: bytes('x') }));
    await stage.enqueue(...many);
    const { cancelled, steps } = await purgeAll(stage);
    expect(cancelled).toBe(count);
    expect(steps).toBe(Math.ceil(count / limits.purgeTasks));
    expect(stage.journal.range('r', 's', 10)).toEqual([]);
    await stage.enqueue(task('next'));
    expect(idsOf(await stage.claim('a', 9))).toEqual(['next']);
  });

  test('leaves tasks that arrive between two of its steps', async () => {
    const stage = await open();
    const count = limits.purgeTasks + 10;
    await stage.enqueue(...Array.from({ length: count }, (_, n) => task(`t${n}`)));
    const first = await stage.engine.purge({ queue: 'q', after: undefined });
    await stage.enqueue(task('late'));
    const second =
      first === 'UNKNOWN_QUEUE'
        ? first
        : await stage.engine.purge({ queue: 'q', after: first.next });
    expect(second).toEqual({ cancelled: 10, next: undefined });
    expect(idsOf(await stage.claim('a', 9))).toEqual(['late']);
  });

  test('is durable when it is answered', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2', { delayMs: SECOND_MS }));
    await purgeAll(stage);
    await stage.crash();
    stage.sessions('a');
    await stage.advance(2 * SECOND_MS);
    expect(await stage.claim('a', 9)).toEqual([]);
    expect(await stage.outcome('2')).toMatchObject({ state: 'cancelled' });
  });

  test('is refused for a queue that does not exist', async () => {
    const stage = await open();
    expect(await stage.engine.purge({ queue: 'none', after: undefined })).toBe('UNKNOWN_QUEUE');
  });
});
