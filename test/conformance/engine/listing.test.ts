import { limits, taskStates } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, failure, item, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';
import { everything, listAll, listIds, oneOfEach } from './operator-steps.ts';

onEachEngine('listing', (open) => {
  test('finds exactly the tasks of a state', async () => {
    const stage = await open();
    await oneOfEach(stage);
    expect(await listIds(stage, { state: 'ready' })).toEqual(['ready', 'item']);
    expect(await listIds(stage, { state: 'leased' })).toEqual(['leased']);
    expect(await listIds(stage, { state: 'scheduled' })).toEqual(['retrying', 'scheduled']);
    expect(await listIds(stage, { state: 'succeeded' })).toEqual(['succeeded']);
    expect(await listIds(stage, { state: 'dead' })).toEqual(['dead']);
    expect(await listIds(stage, { state: 'cancelled' })).toEqual(['cancelled']);
    expect(await listIds(stage, { state: 'expired' })).toEqual(['expired']);
  });

  test('finds all tasks, sorted by id, when no state is given', async () => {
    const stage = await open();
    await oneOfEach(stage);
    expect(await listIds(stage)).toEqual([
      'cancelled',
      'dead',
      'expired',
      'item',
      'leased',
      'ready',
      'retrying',
      'scheduled',
      'succeeded',
    ]);
  });

  test('finds the same tasks backward, in the opposite order', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('other')] });
    await oneOfEach(stage);
    await stage.enqueue(task('1'), task('2', { priority: 3 }), task('3', { queue: 'other' }));
    for (const state of [undefined, ...taskStates]) {
      for (const limit of [1, 2, 100]) {
        const forward = await listIds(stage, { state, limit });
        const backward = await listIds(stage, { state, limit, backward: true });
        expect(backward).toEqual(forward.toReversed());
      }
    }
  });

  test('goes backward from a position whose row has gone or has become shorter', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2'), task('3'));
    await stage.enqueue(task('4'));
    for (const state of [undefined, 'ready'] as const) {
      const { next } = await stage.engine.listTasks({
        ...everything,
        state,
        limit: 1,
        backward: true,
      });
      const rest = { ...everything, state, after: next, backward: true };
      const { tasks } = await stage.engine.listTasks(rest);
      expect(tasks.map(({ taskId }) => taskId)).toEqual(['3', '2', '1']);
    }
  });

  test('shows state, counters, age, due time and last error of each task', async () => {
    const stage = await open();
    await stage.enqueue(task('t', { priority: 7 }));
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
    const [found] = (await listAll(stage)).tasks;
    expect(found).toMatchObject({
      taskId: 't',
      queue: 'q',
      name: 'work',
      state: 'scheduled',
      priority: 7,
      failures: 1,
      losses: 0,
      error: { message: 'no' },
    });
    await stage.advance(300);
    const [later] = (await listAll(stage)).tasks;
    expect(later?.ageMs).toBe(300);
    expect(later?.dueInMs).toBe((found?.dueInMs ?? 0) - 300);
  });

  test('can be limited to a queue and a name', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('other')] });
    await stage.enqueue(
      task('1', { name: 'x' }),
      task('2', { name: 'y' }),
      task('3', { queue: 'other', name: 'x' }),
    );
    for (const state of [undefined, 'ready'] as const) {
      expect(await listIds(stage, { state, queue: 'q' })).toEqual(['1', '2']);
      expect(await listIds(stage, { state, name: 'x' })).toEqual(['1', '3']);
      expect(await listIds(stage, { state, queue: 'q', name: 'x' })).toEqual(['1']);
      expect(await listIds(stage, { state, queue: 'none' })).toEqual([]);
    }
  });

  test('goes page by page, even within tasks that arrived together', async () => {
    const stage = await open();
    const ids = Array.from({ length: 25 }, (_, n) => `t${String(n).padStart(2, '0')}`);
    await stage.enqueue(...ids.map((id) => task(id)));
    for (const state of [undefined, 'ready'] as const) {
      const { pages, tasks } = await listAll(stage, { state, limit: 7 });
      expect(tasks.map(({ taskId }) => taskId)).toEqual(ids);
      expect(pages).toBe(4);
    }
  });

  test('names a returned task once while others of its row still wait', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2'), task('3'));
    await stage.settle('a', await stage.claimOne('a'), 'released');
    expect((await listIds(stage, { state: 'ready' })).toSorted()).toEqual(['1', '2', '3']);
    await stage.claimOne('a');
    expect(await listIds(stage, { state: 'ready' })).toEqual(['2', '3']);
  });

  test('names a task once when an earlier task with its id was forgotten', async () => {
    const stage = await open();
    await stage.enqueue(item('1', { delayMs: 700, expiresInMs: 30_000 }));
    await stage.crash();
    await stage.advance(2_000);
    await stage.advance(limits.tombstoneMs);
    await stage.enqueue(item('1'));
    expect(await listIds(stage, { state: 'ready' })).toEqual(['1']);
  });

  test('names a leased task with a requested cancellation once, even after a restart', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2'));
    await stage.claim('a', 2);
    await stage.cancel('1');
    expect((await listIds(stage, { state: 'leased' })).toSorted()).toEqual(['1', '2']);
    await stage.crash();
    expect((await listIds(stage, { state: 'leased' })).toSorted()).toEqual(['1', '2']);
    expect(await listIds(stage, { state: 'ready' })).toEqual([]);
  });

  test('looks at a bounded number of tasks for a page, and says where to continue', async () => {
    const stage = await open();
    const count = limits.listLooksMax + 10;
    const many = Array.from({ length: count }, (_, n) => task(`t${n}`, { payload: bytes('x') }));
    await stage.enqueue(...many, task('z', { name: 'rare' }));
    const first = await stage.engine.listTasks({ ...everything, name: 'rare' });
    expect(first.tasks).toEqual([]);
    expect(first.next).toBeDefined();
    expect(await listIds(stage, { name: 'rare' })).toEqual(['z']);
  });

  test('reads a bounded number of bytes for a page', async () => {
    const stage = await open();
    const payload = new Uint8Array(1_048_576);
    await stage.enqueue(...Array.from({ length: 20 }, (_, n) => task(`t${n}`, { payload })));
    const page = await stage.engine.listTasks({ ...everything });
    expect(page.tasks).toHaveLength(16);
    expect(await listIds(stage)).toHaveLength(20);
  });

  test('survives a position that no listing returned', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    for (const after of ['', '.', 'zzzz', '????.-1', 'dA.9999', '~~~.NaN']) {
      const { tasks } = await stage.engine.listTasks({ ...everything, after });
      expect(tasks.length).toBeLessThanOrEqual(1);
    }
  });

  test('shows only durable tasks', async () => {
    const stage = await open();
    stage.journal.hold();
    const enqueued = stage.enqueue(task('1'));
    await stage.journal.held();
    let isListed = false;
    const listed = listIds(stage).then((ids) => {
      isListed = true;
      return ids;
    });
    await Promise.resolve();
    expect(isListed).toBe(false);
    stage.journal.release();
    await enqueued;
    expect(await listed).toEqual([]);
    expect(await listIds(stage)).toEqual(['1']);
  });

  test('counts results against its budget of bytes, but no removed payloads', async () => {
    const payload = new Uint8Array(limits.listReadBytes);
    const stage = await open({ payloadMaxBytes: payload.length });
    for (const [taskId, result] of [
      ['large-1', payload],
      ['large-2', payload],
      ['small-1', bytes('r')],
      ['small-2', bytes('r')],
    ] as const) {
      await stage.enqueue(task(taskId, { payload }));
      await stage.settle('a', await stage.claimOne('a'), 'succeeded', { result });
      await stage.advance(1_000);
    }
    const { pages, tasks } = await listAll(stage, { state: 'succeeded' });
    expect(tasks).toHaveLength(4);
    expect(pages).toBe(3);
  });
});
