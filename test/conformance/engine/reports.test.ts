import { expect, test } from 'vitest';
import { failure, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

onEachEngine('reports', (open) => {
  test('count the tasks that wait for another attempt', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2', { delayMs: DAY_MS }));
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
    expect(stage.engine.report().queues[0]).toMatchObject({
      retrying: 1,
      size: { scheduled: 2 },
    });
    await stage.crash();
    expect(stage.engine.report().queues[0]).toMatchObject({ retrying: 1 });
    await stage.advance(MINUTE_MS);
    expect(stage.engine.report().queues[0]).toMatchObject({ retrying: 0, size: { ready: 1 } });
  });

  test('show how long runs take', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    expect(stage.engine.report().queues[0]?.runP95Ms).toBeUndefined();
    const grant = await stage.claimOne('a');
    await stage.advance(400);
    await stage.settle('a', grant, 'succeeded');
    const { runP95Ms = 0 } = stage.engine.report().queues[0] ?? {};
    expect(runP95Ms).toBeGreaterThanOrEqual(400);
    expect(runP95Ms).toBeLessThan(480);
  });

  test('list the lanes with ready tasks, and how long the oldest task waits', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('stack', { order: 'lifo' })] });
    await stage.enqueue(task('1', { priority: -5 }));
    await stage.advance(MINUTE_MS);
    await stage.enqueue(task('2'), task('3', { name: 'later', delayMs: DAY_MS }));
    await stage.enqueue(task('4', { queue: 'stack' }));
    await stage.advance(SECOND_MS);
    expect(stage.engine.waitingLanes()).toEqual([
      { queue: 'q', name: 'work', version: 1, oldestMs: 61 * SECOND_MS },
      { queue: 'stack', name: 'work', version: 1, oldestMs: undefined },
    ]);
  });

  test('show how long a backlog waits that has not been read since the start', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2'));
    await stage.claimOne('a');
    await stage.crash();
    await stage.advance(SECOND_MS);
    const [lane] = stage.engine.waitingLanes();
    expect(lane?.oldestMs).toBeGreaterThanOrEqual(SECOND_MS);
  });

  test('list lost sessions with their leases and the end of their grace', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2'));
    await stage.claim('a', 2);
    stage.engine.disconnect({ sessionId: 'a', graceMs: 2_000 });
    stage.engine.disconnect({ sessionId: 'b', graceMs: 2_000 });
    await stage.advance(500);
    expect(stage.engine.lostSessions()).toEqual([{ sessionId: 'a', leases: 2, returnInMs: 1_500 }]);
    await stage.advance(1_500);
    expect(stage.engine.lostSessions()).toEqual([]);
  });

  test('show the last grant of a session', async () => {
    const stage = await open();
    expect(stage.engine.lastHeld('a')).toBeUndefined();
    await stage.enqueue(task('1'), task('2'));
    await stage.claimOne('a');
    await stage.advance(100);
    const second = await stage.claimOne('a');
    await stage.advance(50);
    expect(stage.engine.lastHeld('a')).toMatchObject({ taskId: '2', name: 'work', heldMs: 50 });
    await stage.settle('a', second, 'succeeded');
    expect(stage.engine.lastHeld('a')).toMatchObject({ taskId: '1', heldMs: 150 });
  });
});
