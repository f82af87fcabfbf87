import { ITEM_NAME } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, failure, item, task, text } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('attempts', (open) => {
  test('are repeated after a backoff within its bounds until the task is dead', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 4 }));
    for (const [ceilingMs, attempt] of [1_000, 2_000, 4_000].map((ms, n) => [ms, n + 1])) {
      const grant = await stage.claimOne('a');
      expect(grant).toMatchObject({ attempt, token: { taskId: 't1', grant: attempt } });
      await stage.settle('a', grant, 'failed', { error: failure('once more') });
      expect(await stage.state('t1')).toBe('scheduled');
      await stage.advance((ceilingMs ?? 0) / 2 - 1);
      expect(await stage.claim('a')).toEqual([]);
      await stage.advance((ceilingMs ?? 0) / 2 + 1);
    }
    await stage.settle('a', await stage.claimOne('a'), 'timed-out', { error: failure('last') });
    expect(await stage.outcome('t1')).toMatchObject({
      state: 'dead',
      error: { message: 'last' },
    });
    expect(stage.told.outcomes.map(({ state, taskId }) => [taskId, state])).toEqual([
      ['t1', 'dead'],
    ]);
  });

  test('end with the first one that forbids a retry', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    await stage.settle('a', await stage.claimOne('a'), 'failed', {
      error: failure('gone', false),
    });
    expect(await stage.outcome('t1')).toMatchObject({ state: 'dead', error: { retry: false } });
  });

  test('count as failed when they report a cancellation that nobody requested', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 1 }));
    await stage.settle('a', await stage.claimOne('a'), 'cancelled');
    expect(await stage.outcome('t1')).toMatchObject({ state: 'dead' });
  });

  test('make their result visible to everyone when they succeed', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    const [one, two] = await stage.claim('a', 2);
    expect(one && (await stage.settle('a', one, 'succeeded', { result: bytes('42') }))).toBe(
      'accepted',
    );
    expect(two && (await stage.settle('a', two, 'succeeded'))).toBe('accepted');
    const [first, second] = await stage.engine.outcomes(['t1', 't2']);
    expect(first).toMatchObject({ state: 'succeeded' });
    expect(typeof first === 'object' && 'result' in first && text(first.result)).toBe('42');
    expect(second).toMatchObject({ state: 'succeeded', result: undefined });
  });

  test('count as losses when their worker is lost, and the third loss makes the task dead', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 1 }));
    for (const losses of [1, 2]) {
      await stage.settle('a', await stage.claimOne('a'), 'lost');
      expect(await stage.engine.inspect('t1')).toMatchObject({
        state: 'ready',
        losses,
        failures: 0,
      });
    }
    await stage.settle('a', await stage.claimOne('a'), 'lost');
    expect(await stage.outcome('t1')).toMatchObject({
      state: 'dead',
      error: { name: 'WorkerLost' },
    });
  });

  test('of an item may be lost with their worker without limit', async () => {
    const stage = await open();
    const items = [{ queue: 'q', name: ITEM_NAME }];
    await stage.enqueue(item('i1'));
    for (let n = 0; n < 5; n++) {
      await stage.settle('a', await stage.claimOne('a', items), 'lost');
    }
    expect(await stage.engine.inspect('i1')).toMatchObject({ state: 'ready', losses: 5 });
  });

  test('are not counted when they return the task', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 1 }));
    for (let n = 1; n <= 5; n++) {
      const grant = await stage.claimOne('a');
      expect(grant).toMatchObject({ attempt: 1, token: { grant: n } });
      await stage.settle('a', grant, 'released');
    }
    expect(await stage.engine.inspect('t1')).toMatchObject({
      state: 'ready',
      failures: 0,
      losses: 0,
      returns: 5,
    });
  });
});
