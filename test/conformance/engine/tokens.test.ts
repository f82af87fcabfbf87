import { ITEM_NAME } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, failure, item, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('tokens', (open) => {
  test('are stale once the task is granted again', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const old = await stage.claimOne('a');
    stage.engine.disconnect({ sessionId: 'a', graceMs: 0 });
    await stage.advance(0);
    const present = await stage.claimOne('b');
    expect(await stage.settle('a', old, 'succeeded')).toBe('LEASE_LOST');
    expect(await stage.settle('b', present, 'succeeded')).toBe('accepted');
  });

  test('belong to their session', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    expect(await stage.settle('b', grant, 'succeeded')).toBe('LEASE_LOST');
    expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
  });

  test('settled again are duplicates, even when the second report differs', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    const [one, two] = await stage.claim('a', 2);
    if (one === undefined || two === undefined) {
      throw new Error('two tasks were ready');
    }
    await stage.settle('a', one, 'succeeded', { result: bytes('first') });
    expect(await stage.settle('a', one, 'failed', { error: failure('second') })).toBe('duplicate');
    expect(await stage.state('t1')).toBe('succeeded');
    await stage.settle('a', two, 'failed', { error: failure('first') });
    expect(await stage.settle('a', two, 'succeeded')).toBe('duplicate');
    expect(await stage.state('t2')).toBe('scheduled');
    await stage.crash();
    expect(await stage.settle('a', one, 'succeeded')).toBe('duplicate');
    expect(await stage.settle('a', two, 'succeeded')).toBe('duplicate');
  });

  test('settled twice in one batch count once', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const { token } = await stage.claimOne('a');
    const report = { ...token, kind: 'succeeded', result: undefined, error: undefined } as const;
    expect(await stage.settleAll('a', [report, report])).toEqual(['accepted', 'duplicate']);
    expect(stage.told.outcomes).toHaveLength(1);
  });

  test('of an unknown task are answered with UNKNOWN_TASK', async () => {
    const stage = await open();
    const token = { taskId: 'ghost', epoch: 1, grant: 1 };
    expect(await stage.settle('a', { token }, 'succeeded')).toBe('UNKNOWN_TASK');
  });

  test('of a removed item are duplicates', async () => {
    const stage = await open();
    await stage.enqueue(item('i1'));
    const grant = await stage.claimOne('a', [{ queue: 'q', name: ITEM_NAME }]);
    expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
    expect(await stage.settle('a', grant, 'succeeded')).toBe('duplicate');
    expect(stage.told.outcomes).toEqual([]);
  });
});
