import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const SECOND_MS = 1_000;

onEachEngine('deadlines', (open) => {
  test('fence and retry an attempt after deadline, kill grace and slack', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { deadlineMs: 5_000 }));
    const grant = await stage.claimOne('a');
    await stage.advance(5_000 + limits.killGraceMs + limits.fenceSlackMs - 1);
    expect(await stage.state('t1')).toBe('leased');
    await stage.advance(1);
    expect(await stage.engine.inspect('t1')).toMatchObject({ state: 'scheduled', failures: 1 });
    expect(stage.told.aborts).toEqual(['a t1 1 fenced']);
    expect(await stage.settle('a', grant, 'succeeded')).toBe('LEASE_LOST');
    await stage.advance(SECOND_MS);
    expect(await stage.claimOne('b')).toMatchObject({ attempt: 2 });
  });

  test('make a task dead when they end its last attempt', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { deadlineMs: 1_000, attempts: 1 }));
    await stage.claimOne('a');
    await stage.advance(12_000);
    expect(await stage.outcome('t1')).toMatchObject({
      state: 'dead',
      error: { name: 'DeadlineExceeded' },
    });
  });

  test('are not moved by steps of the wall clock', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { deadlineMs: 1_000 }));
    await stage.claimOne('a');
    stage.clock.stepWall(3_600_000);
    await stage.advance(11_999);
    expect(await stage.state('t1')).toBe('leased');
    stage.clock.stepWall(-7_200_000);
    await stage.advance(1);
    expect(await stage.state('t1')).toBe('scheduled');
  });
});
