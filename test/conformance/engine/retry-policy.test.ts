import { limits, type RetryPolicy } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { type EngineStage, failure, item, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const exactly = (...waitsMs: readonly number[]): RetryPolicy => ({
  waitsMs,
  factor: 1,
  maxMs: limits.delayMaxMs,
  jitter: 0,
});

const historyOf = async (stage: EngineStage, taskId: string) => {
  const info = await stage.engine.inspect(taskId);
  return info === 'UNKNOWN_TASK' ? undefined : info.history;
};

const expectDueAfter = async (stage: EngineStage, waitMs: number): Promise<void> => {
  await stage.advance(waitMs - 1);
  expect(await stage.claim('a')).toEqual([]);
  await stage.advance(1);
};

onEachEngine('a task with a retry policy', (open) => {
  test('waits as its policy says, whose last wait repeats', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { options: { retryPolicy: exactly(70, 20_000) } }));
    for (const waitMs of [70, 20_000, 20_000]) {
      await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('again') });
      await expectDueAfter(stage, waitMs);
    }
  });

  test('keeps it over a restart, and over a retry when it is dead', async () => {
    const stage = await open();
    const retryPolicy = exactly(70);
    await stage.enqueue(task('t1', { attempts: 1, options: { retryPolicy } }));
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('dead') });
    await stage.reopen();
    stage.sessions('a');
    await stage.engine.retry([{ taskId: 't1', newTaskId: 't2' }]);
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('dead') });
    expect(await stage.state('t2')).toBe('dead');
    await stage.enqueue(task('t3', { options: { retryPolicy } }));
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('again') });
    await stage.reopen();
    stage.sessions('a');
    await stage.advance(70);
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('again') });
    await expectDueAfter(stage, 70);
  });

  test('waits as long as its handler asks, instead', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 2, options: { retryPolicy: exactly(70) } }));
    const end = { error: failure('later'), waitMs: 5_000 };
    await stage.settle('a', await stage.claimOne('a'), 'failed', end);
    await expectDueAfter(stage, 5_000);
    await stage.settle('a', await stage.claimOne('a'), 'failed', end);
    expect(await stage.state('t1')).toBe('dead');
  });
});

onEachEngine('a task that its handler puts off', (open) => {
  test('waits, and has as many attempts as before', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 1 }));
    for (let times = 0; times < 3; times++) {
      const grant = await stage.claimOne('a');
      expect(grant.attempt).toBe(1);
      await stage.settle('a', grant, 'snoozed', { waitMs: 60_000 });
      expect(await stage.engine.size('q')).toMatchObject({ scheduled: 1, leased: 0 });
      await expectDueAfter(stage, 60_000);
    }
    await stage.settle('a', await stage.claimOne('a'), 'succeeded');
    expect(await stage.state('t1')).toBe('succeeded');
  });

  test('is cancelled if that was requested', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    await stage.cancel('t1');
    await stage.settle('a', grant, 'snoozed', { waitMs: 1 });
    expect(await stage.state('t1')).toBe('cancelled');
  });

  test('fails when that has happened too often', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 2 }));
    for (let times = 0; times < limits.snoozesMax; times++) {
      await stage.settle('a', await stage.claimOne('a'), 'snoozed', { waitMs: 0 });
      await stage.advance(0);
    }
    await stage.settle('a', await stage.claimOne('a'), 'snoozed', { waitMs: 0 });
    expect(await stage.engine.inspect('t1')).toMatchObject({
      state: 'scheduled',
      failures: 1,
      error: { name: 'SNOOZED_TOO_OFTEN' },
    });
  });
});

onEachEngine('the history of a task', (open) => {
  test('lists its attempts with worker, runner, times and error', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { options: { retryPolicy: exactly(100) } }));
    const first = await stage.claimOne('a');
    await stage.advance(40);
    await stage.settle('a', first, 'failed', { error: failure('once'), runner: 'thread' });
    await stage.advance(100);
    const second = await stage.claimOne('b');
    await stage.advance(7);
    await stage.settle('b', second, 'succeeded', { runner: 'inline' });
    await stage.advance(10);
    expect(await historyOf(stage, 't1')).toEqual([
      {
        grant: 1,
        kind: 'failed',
        worker: 'a',
        runner: 'thread',
        beganAgoMs: 157,
        endedAgoMs: 117,
        error: failure('once'),
      },
      {
        grant: 2,
        kind: 'succeeded',
        worker: 'b',
        runner: 'inline',
        beganAgoMs: 17,
        endedAgoMs: 10,
        error: undefined,
      },
    ]);
  });

  test('is empty for a task that succeeds at once, for an item, and for a returned attempt', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    await stage.settle('a', await stage.claimOne('a'), 'succeeded');
    await stage.settle('a', await stage.claimOne('a'), 'released');
    await stage.enqueue(item('i1'));
    await stage.settle('a', await stage.claimOne('a', [{ queue: 'q', name: '' }]), 'lost');
    for (const id of ['t1', 't2', 'i1']) {
      expect(await historyOf(stage, id)).toEqual([]);
    }
  });

  test('shows an attempt as soon as it is settled, and survives restarts', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    const settled = stage.settle('a', grant, 'failed', { error: failure('once') });
    const seen = historyOf(stage, 't1');
    await settled;
    expect(await seen).toMatchObject([{ kind: 'failed' }]);
    await stage.reopen();
    expect(await historyOf(stage, 't1')).toMatchObject([{ kind: 'failed', worker: 'a' }]);
    await stage.crash();
    expect(await historyOf(stage, 't1')).toMatchObject([{ kind: 'failed', worker: 'a' }]);
  });

  test('keeps the last attempts, within its bounds', async () => {
    const stage = await open();
    const options = { retryPolicy: exactly(0) };
    const attempts = limits.historyMax + 5;
    await stage.enqueue(task('t1', { attempts, options }));
    const long = { ...failure('m'.repeat(5_000)), stack: 's'.repeat(10_000) };
    for (let attempt = 1; attempt <= attempts; attempt++) {
      await stage.settle('a', await stage.claimOne('a'), 'failed', { error: long });
      await stage.advance(0);
    }
    const history = (await historyOf(stage, 't1')) ?? [];
    expect(history.map(({ grant }) => grant)).toEqual(
      Array.from({ length: limits.historyMax }, (_, index) => index + 6),
    );
    expect(JSON.stringify(history).length).toBeLessThan(70_000);
    expect(await stage.outcome('t1')).toMatchObject({ state: 'dead', error: long });
  });

  test('ends with the result of the task', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { attempts: 1 }));
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('dead') });
    await stage.engine.drop(['t1']);
    expect(await historyOf(stage, 't1')).toEqual([]);
  });
});
