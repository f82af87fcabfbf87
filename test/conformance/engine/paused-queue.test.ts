import { ITEM_NAME } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { type EngineStage, idsOf, item, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('a paused queue', (open) => {
  const pause = (stage: EngineStage, isPaused: boolean, queue = 'q') =>
    stage.engine.pause({ queue, isPaused });

  test('accepts tasks and grants none', async () => {
    const stage = await open();
    expect(await pause(stage, true)).toBeUndefined();
    expect(await stage.enqueue(task('1'), item('2'))).toEqual({ created: 2 });
    const both = [
      { queue: 'q', name: 'work' },
      { queue: 'q', name: ITEM_NAME },
    ];
    expect(await stage.claim('a', 9, both)).toEqual([]);
    expect(stage.engine.report().queues[0]).toMatchObject({ isPaused: true, size: { ready: 2 } });
    await pause(stage, false);
    expect(idsOf(await stage.claim('a', 9, both))).toEqual(['1', '2']);
  });

  test('lets running tasks end or return', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2'));
    const [first, second] = await stage.claim('a', 2);
    await pause(stage, true);
    expect(first && (await stage.settle('a', first, 'succeeded'))).toBe('accepted');
    expect(second && (await stage.settle('a', second, 'released'))).toBe('accepted');
    expect(await stage.claim('a', 9)).toEqual([]);
  });

  test('does not hold up other queues', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('other')] });
    await pause(stage, true);
    await stage.enqueue(task('1'), task('2', { queue: 'other' }));
    const handles = ['q', 'other'].map((queue) => ({ queue, name: 'work' }));
    expect(idsOf(await stage.claim('a', 9, handles))).toEqual(['2']);
  });

  test('stays paused after a restart, even if it is empty', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('empty')] });
    await stage.enqueue(task('1'));
    await pause(stage, true);
    await pause(stage, true, 'empty');
    await stage.crash();
    stage.sessions('a');
    expect(await stage.claim('a')).toEqual([]);
    expect(stage.engine.report().queues.map(({ isPaused }) => isPaused)).toEqual([true, true]);
    await pause(stage, false);
    await stage.crash();
    stage.sessions('a');
    expect(idsOf(await stage.claim('a'))).toEqual(['1']);
  });

  test('announces no ready tasks while it is paused, and all once it is resumed', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    await pause(stage, true);
    await stage.enqueue(task('2'), task('3', { name: 'other' }));
    expect(stage.told.readyCounts).toEqual(new Map([['q/work', 1]]));
    await pause(stage, false);
    expect(stage.told.readyCounts.get('q/work')).toBeGreaterThan(2);
    expect(stage.told.readyCounts.get('q/other')).toBeGreaterThan(0);
  });

  test('must exist', async () => {
    const stage = await open();
    expect(await pause(stage, true, 'none')).toBe('UNKNOWN_QUEUE');
  });
});
