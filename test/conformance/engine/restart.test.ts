import { ITEM_NAME, limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, idsOf, item, queueSpec, task, text } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const SECOND_MS = 1_000;

onEachEngine('after a restart', (open) => {
  test('the epoch is higher', async () => {
    const stage = await open();
    const before = stage.engine.epoch;
    await stage.crash();
    expect(stage.engine.epoch).toBe(before + 1);
    await stage.reopen();
    expect(stage.engine.epoch).toBe(before + 2);
  });

  test('leases wait for their sessions for the restart grace', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    const kept = await stage.claimOne('a');
    const lost = await stage.claimOne('b');
    await stage.flushed();
    await stage.crash();
    await stage.advance(14_999);
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [kept.token] })).toEqual([]);
    await stage.advance(1);
    expect(await stage.settle('a', kept, 'succeeded')).toBe('accepted');
    expect(await stage.engine.inspect('t2')).toMatchObject({ state: 'ready', losses: 1 });
    expect(await stage.settle('b', lost, 'succeeded')).toBe('LEASE_LOST');
  });

  test('results are still visible, and later results are reported', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    const [one, two] = await stage.claim('a', 2);
    if (one === undefined || two === undefined) {
      throw new Error('two tasks were ready');
    }
    await stage.settle('a', one, 'succeeded', { result: bytes('kept') });
    await stage.crash();
    expect(await stage.outcome('t1')).toMatchObject({ state: 'succeeded' });
    expect(await stage.outcome('t2')).toEqual({ taskId: 't2', state: 'leased' });
    await stage.engine.resume({ sessionId: 'a', tokens: [two.token] });
    await stage.settle('a', two, 'succeeded', { result: bytes('later') });
    expect(stage.told.outcomes.map(({ result, taskId }) => [taskId, text(result)])).toEqual([
      ['t2', 'later'],
    ]);
  });

  test('sizes and totals are unchanged', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'), task('t3', { delayMs: 1_000 }), task('t4'));
    const [one] = await stage.claim('a', 2);
    if (one !== undefined) {
      await stage.settle('a', one, 'succeeded');
    }
    await stage.cancel('t4');
    // The times of runs are not stored.
    const reports = () =>
      stage.engine.report().queues.map((queue) => ({ ...queue, runP95Ms: undefined }));
    const before = reports();
    expect(before).toMatchObject([
      {
        size: { ready: 0, scheduled: 1, leased: 1 },
        totals: { enqueued: 4, succeeded: 1, cancelled: 1 },
      },
    ]);
    await stage.crash();
    expect(reports()).toEqual(before);
  });

  test('hundreds of task names still have their tasks', async () => {
    const stage = await open();
    const names = Array.from({ length: 600 }, (_, n) => `name ${n}`);
    await stage.enqueue(...names.map((name) => task(`of ${name}`, { name })));
    await stage.crash();
    stage.sessions('a');
    const handles = names.map((name) => ({ queue: 'q', name }));
    expect(idsOf(await stage.claim('a', 600, handles))).toEqual(names.map((name) => `of ${name}`));
  });

  test('a task whose enqueue was not durable is unknown', async () => {
    const stage = await open();
    stage.journal.hold();
    void stage.enqueue(task('t1'));
    await stage.journal.held();
    await stage.crash();
    expect(await stage.state('t1')).toBe('UNKNOWN_TASK');
    expect(await stage.enqueue(task('t1'))).toEqual({ created: 1 });
  });

  test('a task with a forgotten id does not get back the lease of the earlier task', async () => {
    const stage = await open();
    await stage.enqueue(item('i1'), item('i2'));
    const [ended] = await stage.claim('a', 2, [{ queue: 'q', name: ITEM_NAME }]);
    await stage.flushed();
    if (ended !== undefined) {
      await stage.settle('a', ended, 'succeeded');
    }
    await stage.advance(limits.tombstoneMs + SECOND_MS);
    expect(await stage.enqueue(item('i1'))).toEqual({ created: 1 });
    await stage.crash();
    expect(await stage.state('i1')).toBe('ready');
    expect(await stage.state('i2')).toBe('leased');
  });

  test('a queue that is not declared again keeps its tasks and accepts no new ones', async () => {
    const stage = await open({ queues: [] });
    stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
    await stage.enqueue(task('t1'), task('t2'));
    await stage.claimOne('a');
    await stage.reopen();
    expect(stage.engine.hasQueue('q')).toBe(false);
    expect(await stage.enqueue(task('t3'))).toMatchObject({ refused: 'UNKNOWN_QUEUE' });
    expect(await stage.engine.size('q')).toMatchObject({ ready: 1, leased: 1 });
    await stage.advance(15_000);
    stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
    await stage.enqueue(task('t3'));
    stage.sessions('a');
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t3', 't2', 't1']);
  });
});
