import { expect, test } from 'vitest';
import { failure, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const MINUTE_MS = 60_000;

onEachEngine('cancel', (open) => {
  test('ends a ready and a scheduled task at once', async () => {
    const stage = await open();
    await stage.enqueue(task('ready'), task('scheduled', { delayMs: 1_000 }));
    for (const taskId of ['ready', 'scheduled']) {
      expect(await stage.cancel(taskId)).toEqual({ answer: 'cancelled', state: 'cancelled' });
      expect(await stage.cancel(taskId)).toEqual({ answer: 'finished', state: 'cancelled' });
    }
    await stage.advance(2_000);
    expect(await stage.claim('a', 9)).toEqual([]);
    expect(await stage.outcome('ready')).toMatchObject({
      state: 'cancelled',
      error: { message: 'no longer wanted' },
    });
  });

  test('is reported to the holder of the lease once', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    await stage.claimOne('a');
    expect(await stage.cancel('t1')).toEqual({ answer: 'requested', state: 'leased' });
    expect(await stage.cancel('t1')).toEqual({ answer: 'requested', state: 'leased' });
    expect(stage.told.aborts).toEqual(['a t1 1 cancelled']);
  });

  test('does not undo a success that comes first', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    await stage.cancel('t1');
    expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
    expect(await stage.state('t1')).toBe('succeeded');
    expect(await stage.cancel('t1')).toEqual({ answer: 'finished', state: 'succeeded' });
  });

  test.each(['failed', 'timed-out', 'cancelled', 'lost', 'released'] as const)(
    'makes the task cancelled when its attempt ends as %s',
    async (end) => {
      const stage = await open();
      await stage.enqueue(task('t1'));
      const grant = await stage.claimOne('a');
      await stage.cancel('t1');
      expect(await stage.settle('a', grant, end, { error: failure('stopped') })).toBe('accepted');
      await stage.advance(MINUTE_MS);
      expect(await stage.outcome('t1')).toMatchObject({
        state: 'cancelled',
        error: { name: 'Cancelled', message: 'no longer wanted' },
      });
      expect(await stage.claim('a')).toEqual([]);
    },
  );

  test('survives a restart and the loss of the worker', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    await stage.claimOne('a');
    await stage.cancel('t1');
    await stage.crash();
    await stage.advance(15_000);
    expect(await stage.outcome('t1')).toMatchObject({
      state: 'cancelled',
      error: { message: 'no longer wanted' },
    });
  });

  test('reports an unknown task', async () => {
    const stage = await open();
    expect(await stage.cancel('ghost')).toBe('UNKNOWN_TASK');
  });
});
