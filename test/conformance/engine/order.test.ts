import { Handles } from '@millrace/manager/internals';
import { expect, test } from 'vitest';
import { idsOf, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('order', (open) => {
  test('is by priority, then by arrival', async () => {
    const stage = await open();
    await stage.enqueue(
      task('low', { priority: -128 }),
      task('first'),
      task('high', { priority: 127 }),
      task('second'),
    );
    expect(idsOf(await stage.claim('a', 9))).toEqual(['high', 'first', 'second', 'low']);
  });

  test('holds across the names of a request, by priority and arrival', async () => {
    const stage = await open();
    await stage.enqueue(
      task('x1', { name: 'x' }),
      task('y1', { name: 'y' }),
      task('x2', { name: 'x' }),
      task('y2', { name: 'y', priority: 1 }),
    );
    const grants = await stage.claim('a', 9, [
      { queue: 'q', name: 'y' },
      { queue: 'q', name: 'nobody' },
      { queue: 'q', name: 'x' },
    ]);
    expect(grants.map(({ handle, token }) => [token.taskId, handle])).toEqual([
      ['y2', 0],
      ['x1', 2],
      ['y1', 0],
      ['x2', 2],
    ]);
  });

  test('is not held up by a backlog without a handler', async () => {
    const stage = await open();
    const backlog = Array.from({ length: 3_000 }, (_, n) =>
      task(`unhandled-${n}`, { name: 'nobody', priority: 9 }),
    );
    await stage.enqueue(...backlog);
    await stage.enqueue(task('handled'));
    expect(idsOf(await stage.claim('a', 5))).toEqual(['handled']);
  });

  test('is reversed among equal priorities in a LIFO queue, even across names', async () => {
    const stage = await open({ queues: [queueSpec('q', { order: 'lifo' })] });
    await stage.enqueue(
      task('t1'),
      task('t2', { name: 'other' }),
      task('t3', { priority: 5 }),
      task('t4'),
    );
    await stage.enqueue(task('t5', { name: 'other' }));
    const both = [
      { queue: 'q', name: 'work' },
      { queue: 'q', name: 'other' },
    ];
    expect(idsOf(await stage.claim('a', 9, both))).toEqual(['t3', 't5', 't4', 't2', 't1']);
  });

  test('of a LIFO queue survives restarts', async () => {
    const stage = await open({ queues: [queueSpec('q', { order: 'lifo' })] });
    await stage.enqueue(task('t1'), task('t2'));
    await stage.reopen();
    await stage.enqueue(task('t3'));
    stage.sessions('a');
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t3', 't2', 't1']);
  });

  test('may change without losing or doubling the tasks that wait', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'), task('t3'));
    stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
    await stage.enqueue(task('t4'), task('t5'));
    const grant = await stage.claimOne('a');
    await stage.settle('a', grant, 'released');
    await stage.crash();
    stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
    stage.sessions('a');
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t1', 't2', 't3', 't5', 't4']);
    expect(await stage.claim('a', 9)).toEqual([]);
  });

  test('is kept when tasks are dealt to several claimants in turn, one by one', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'), task('t3'), task('t4'), task('t5'));
    const handles = new Handles([{ queue: 'q', name: 'work' }]);
    const maxBytes = 1_000;
    const dealt = stage.engine.claim([
      { sessionId: 'a', handles, max: 9, maxBytes, isolates: false },
      { sessionId: 'nobody', handles, max: 9, maxBytes, isolates: false },
      { sessionId: 'b', handles, max: 1, maxBytes, isolates: false },
    ]);
    expect(dealt.map(idsOf)).toEqual([['t1', 't3', 't4', 't5'], [], ['t2']]);
  });

  test('is kept across many lanes when several claimants ask at once', async () => {
    const stage = await open();
    const of = (...names: readonly string[]): Handles =>
      new Handles(names.map((name) => ({ queue: 'q', name })));
    const all = of('x', 'y', 'z', 'none');
    const maxBytes = 1_000;
    await stage.enqueue(
      task('x1', { name: 'x' }),
      task('y1', { name: 'y' }),
      task('x2', { name: 'x', priority: 5 }),
      task('z1', { name: 'z', priority: 9 }),
      task('y2', { name: 'y' }),
      task('z2', { name: 'z', priority: -1 }),
      task('x3', { name: 'x' }),
    );
    const dealt = stage.engine.claim([
      { sessionId: 'a', handles: all, max: 2, maxBytes, isolates: false },
      { sessionId: 'a', handles: of('y', 'x'), max: 2, maxBytes, isolates: false },
      { sessionId: 'b', handles: all, max: 9, maxBytes, isolates: false },
    ]);
    expect(dealt.map(idsOf)).toEqual([
      ['z1', 'y1'],
      ['x2', 'y2'],
      ['x1', 'x3', 'z2'],
    ]);
    expect(dealt.map((grants) => grants.map(({ handle }) => handle))).toEqual([
      [2, 1],
      [1, 0],
      [0, 0, 2],
    ]);
  });

  test('includes a task that arrived in a lane after the lane was found empty', async () => {
    const stage = await open();
    const handles = [
      { queue: 'q', name: 'x' },
      { queue: 'q', name: 'y' },
    ];
    await stage.enqueue(task('x1', { name: 'x' }), task('y1', { name: 'y' }));
    expect(idsOf(await stage.claim('a', 9, handles))).toEqual(['x1', 'y1']);
    expect(await stage.claim('a', 9, handles)).toEqual([]);
    await stage.enqueue(task('y2', { name: 'y' }));
    expect(idsOf(await stage.claim('a', 9, handles))).toEqual(['y2']);
    await stage.reopen();
    stage.sessions('b');
    await stage.enqueue(task('x2', { name: 'x' }));
    expect(idsOf(await stage.claim('b', 9, handles))).toEqual(['x2']);
  });

  test('puts a returned task back into its old place', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    await stage.settle('a', await stage.claimOne('a'), 'released');
    expect(idsOf(await stage.claim('b', 2))).toEqual(['t1', 't2']);
  });
});
