import { limits, type NewTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { failure, idsOf, queueSpec, task, text } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const of = (version: number, taskId: string, more: Partial<NewTask> = {}): NewTask =>
  task(taskId, { ...more, options: { version } });

const takes = (...versions: readonly number[]) =>
  versions.map((version) => ({ queue: 'q', name: 'work', version }));

onEachEngine('the version of a task', (open) => {
  test('decides who is dealt it, and no other version waits behind it', async () => {
    const stage = await open();
    await stage.enqueue(of(2, 't1'), task('t2'), of(3, 't3'));
    expect(idsOf(await stage.claim('a', 5, takes(1)))).toEqual(['t2']);
    expect(idsOf(await stage.claim('a', 5, takes(3, 1)))).toEqual(['t3']);
    expect(idsOf(await stage.claim('a', 5, [{ queue: 'q', name: 'work' }]))).toEqual([]);
    const [grant] = await stage.claim('b', 5, takes(1, 2));
    expect(grant).toMatchObject({ taskId: 't1', handle: 1 });
  });

  test('of two versions that a claimant takes, the earlier task comes first', async () => {
    const stage = await open();
    await stage.enqueue(of(2, 't1'), task('t2'), of(2, 't3', { priority: 5 }), task('t4'));
    expect(idsOf(await stage.claim('a', 5, takes(1, 2)))).toEqual(['t3', 't1', 't2', 't4']);
  });

  test('is kept over restarts, returns, failures and the retry of a dead task', async () => {
    const stage = await open();
    await stage.enqueue(of(2, 't1', { attempts: 1 }));
    await stage.settle('a', await stage.claimOne('a', takes(2)), 'released');
    await stage.reopen();
    stage.sessions('a');
    expect(await stage.claim('a', 1, takes(1))).toEqual([]);
    const grant = await stage.claimOne('a', takes(2));
    await stage.settle('a', grant, 'failed', { error: failure('no', false) });
    await stage.engine.retry([{ taskId: 't1', newTaskId: 't2' }]);
    expect(await stage.claim('a', 1, takes(1))).toEqual([]);
    expect(idsOf(await stage.claim('a', 1, takes(2)))).toEqual(['t2']);
    expect(await stage.engine.inspect('t2')).toMatchObject({ version: 2 });
  });

  test('tells the claimants of its own version alone that it is ready', async () => {
    const stage = await open();
    await stage.enqueue(of(2, 't1'));
    expect([...stage.told.readyCounts]).toEqual([['q/work\u00002', 1]]);
    expect(stage.engine.waitingLanes()).toMatchObject([{ name: 'work', version: 2 }]);
  });

  test('is one of few: a name has no more of them than its bound', async () => {
    const stage = await open({ queues: [queueSpec('q')] });
    for (let version = 1; version <= limits.versionsPerNameMax; version++) {
      expect(await stage.enqueue(of(version, `t${version}`))).toEqual({ created: 1 });
    }
    expect(await stage.enqueue(of(99, 'late'))).toMatchObject({ refused: 'TOO_MANY_NAMES' });
    expect(await stage.enqueue(of(99, 'late', { name: 'other' }))).toEqual({ created: 1 });
    expect(await stage.enqueue(of(5, 'again'))).toEqual({ created: 1 });
  });

  test('is one of few within one request, too', async () => {
    const stage = await open();
    const versions = Array.from({ length: limits.versionsPerNameMax + 1 }, (_, n) =>
      of(n + 1, `t${n}`),
    );
    expect(await stage.enqueue(...versions)).toMatchObject({ refused: 'TOO_MANY_NAMES' });
    expect(await stage.enqueue(...versions.slice(1))).toEqual({
      created: limits.versionsPerNameMax,
    });
    expect(await stage.enqueue(of(99, 'late'))).toMatchObject({ refused: 'TOO_MANY_NAMES' });
    expect(await stage.enqueue(task('first'))).toEqual({ created: 1 });
  });

  test('keeps its input: one of another version does not replace it', async () => {
    const stage = await open();
    const options = { latest: { key: 'k', waitMs: undefined, maxWaitMs: undefined } };
    const next = (taskId: string, version: number) =>
      stage.enqueue(task(taskId, { options: { ...options, version } }));
    expect(await next('t1', 1)).toEqual({ created: 1 });
    expect(await next('t2', 2)).toEqual({ created: 1 });
    expect(await next('t3', 1)).toMatchObject({ existing: [{ taskId: 't1' }] });
    expect(await next('t4', 2)).toMatchObject({ existing: [{ taskId: 't2' }] });
    expect(text((await stage.claimOne('a', takes(1))).payload)).toBe('payload of t3');
    expect(text((await stage.claimOne('a', takes(2))).payload)).toBe('payload of t4');
  });

  test('shares its idempotency keys with the other versions', async () => {
    const stage = await open();
    const once = { key: 'k', forMs: undefined };
    await stage.enqueue(task('t1', { options: { once } }));
    expect(await stage.enqueue(task('t2', { options: { once, version: 2 } }))).toEqual({
      created: 0,
      existing: [{ index: 0, taskId: 't1' }],
    });
  });
});
