import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { idsOf, task, UNAWAITED_WRITTEN_MS } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('durability', (open) => {
  test('one commit is in flight at a time', async () => {
    const stage = await open();
    const all: Promise<unknown>[] = [];
    for (let n = 0; n < 50; n++) {
      all.push(stage.enqueue(task(`t${n}`)));
      await Promise.resolve();
    }
    await Promise.all(all);
    expect(stage.journal.inFlightMax).toBe(1);
  });

  test('a task is claimable only after the commit that made it ready', async () => {
    const stage = await open();
    stage.journal.hold();
    const enqueued = stage.enqueue(task('t1'));
    await stage.journal.held();
    expect(await stage.claim('a')).toEqual([]);
    expect(stage.told.readyCounts.size).toBe(0);
    stage.journal.release();
    await enqueued;
    expect(stage.told.readyCounts.get('q/work')).toBe(1);
    expect(idsOf(await stage.claim('a'))).toEqual(['t1']);
  });

  test('a returned task is claimable only after the commit of its return', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    await stage.flushed();
    stage.journal.hold();
    const returned = stage.settle('a', grant, 'released');
    await stage.journal.held();
    expect(await stage.claim('b')).toEqual([]);
    stage.journal.release();
    await returned;
    expect(idsOf(await stage.claim('b'))).toEqual(['t1']);
  });

  test('an outcome is visible only after its commit', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    await stage.flushed();
    stage.journal.hold();
    const seen: string[] = [];
    const settled = stage.settle('a', grant, 'succeeded').then(() => seen.push('settled'));
    await stage.journal.held();
    const asked = stage.outcome('t1').then(() => seen.push('seen'));
    await Promise.resolve();
    expect(seen).toEqual([]);
    expect(stage.told.outcomes).toEqual([]);
    stage.journal.release();
    await Promise.all([settled, asked]);
    expect(stage.told.outcomes).toMatchObject([{ taskId: 't1' }]);
  });

  test.each([
    ['expired', { expiresInMs: 10 }],
    ['dead', { deadlineMs: 10, attempts: 1 }],
  ])('a task that time makes %s is seen so only after the commit', async (state, options) => {
    const stage = await open();
    await stage.enqueue(task('t1', options));
    if (state === 'dead') {
      await stage.claim('a');
    }
    await stage.flushed();
    stage.journal.hold();
    stage.clock.moveTo(stage.clock.monotonicMs() + limits.killGraceMs + limits.fenceSlackMs + 10);
    while (stage.clock.runNext(stage.clock.monotonicMs())) {
      // Runs all timers that are due.
    }
    const order: string[] = [];
    const seen = stage.state('t1').then((answer) => order.push(answer));
    await stage.journal.held();
    order.push('written');
    stage.journal.release();
    await seen;
    expect(order).toEqual(['written', state]);
  });

  test('a failed commit ends all service and is reported', async () => {
    const stage = await open();
    await stage.enqueue(task('before'));
    stage.journal.hold();
    const inFlight = stage.enqueue(task('t1'));
    await stage.journal.held();
    const waiting = stage.enqueue(task('t2'));
    stage.journal.refuse(new Error('EIO: the disk is gone'));
    const failed = { code: 'STORE_FAILED' };
    await expect(inFlight).rejects.toMatchObject(failed);
    await expect(waiting).rejects.toMatchObject(failed);
    await expect(stage.enqueue(task('t3'))).rejects.toMatchObject(failed);
    await expect(stage.outcome('before')).rejects.toMatchObject(failed);
    await expect(stage.engine.size('q')).rejects.toMatchObject(failed);
    await expect(stage.claim('a')).rejects.toMatchObject(failed);
    expect(stage.told.failures).toMatchObject([failed]);
    expect(stage.clock.timersWaiting).toBe(0);
  });

  test('a failed commit that nobody awaits is reported, too', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    stage.journal.hold();
    await stage.claimOne('a');
    stage.clock.runNext(stage.clock.monotonicMs() + UNAWAITED_WRITTEN_MS);
    await stage.journal.held();
    stage.journal.refuse(new Error('ENOSPC'));
    await expect.poll(() => stage.told.failures.length).toBe(1);
  });

  test('a store that fails between two commits is noticed before the next commit', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    stage.journal.failure = new Error('ENOSPC');
    stage.clock.runNext(stage.clock.monotonicMs() + 1_000);
    expect(stage.told.failures).toMatchObject([{ code: 'STORE_FAILED' }]);
    await expect(stage.claim('a')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(stage.clock.timersWaiting).toBe(0);
  });

  test('a defect ends all service and is not reported as a failed store', async () => {
    const stage = await open();
    Object.defineProperty(stage.told, 'ready', {
      value: () => {
        throw new Error('a listener has a defect');
      },
    });
    await expect(stage.enqueue(task('t1'))).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(stage.told.failures).toMatchObject([{ code: 'INTERNAL' }]);
    await expect(stage.claim('a')).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('a store that cannot be read ends all service, and no half of a verb is written', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { payload: new Uint8Array(100_000) }), task('t2'));
    const read = stage.journal.get;
    stage.journal.get = () => {
      throw new Error('EIO: cannot read');
    };
    await expect(stage.claim('a', 2)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(stage.enqueue(task('t3'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(stage.told.failures).toHaveLength(1);
    stage.journal.get = read;
    await stage.crash();
    stage.sessions('a');
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t1', 't2']);
  });

  test('below the reserve no task is accepted, but running tasks can still end', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    stage.journal.reserveBytes = 1_000;
    stage.journal.freeBytes = 999;
    await stage.advance(1_000);
    expect(await stage.enqueue(task('t2'))).toMatchObject({ refused: 'STORE_FULL' });
    expect(await stage.enqueue(task('t1'))).toEqual({ created: 0 });
    expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
    stage.journal.freeBytes = 1_000;
    await stage.advance(1_000);
    expect(await stage.enqueue(task('t2'))).toEqual({ created: 1 });
  });

  test('a disk that fills between two samples is noticed once enough bytes are written', async () => {
    const stage = await open();
    stage.journal.reserveBytes = 1_000;
    stage.journal.freeBytes = 5_000;
    await stage.advance(1_000);
    expect(await stage.enqueue(task('t1', { payload: new Uint8Array(3_000) }))).toEqual({
      created: 1,
    });
    stage.journal.freeBytes = 999;
    expect(await stage.enqueue(task('t2', { payload: new Uint8Array(3_000) }))).toEqual({
      created: 1,
    });
    expect(await stage.enqueue(task('t3'))).toMatchObject({ refused: 'STORE_FULL' });
  });

  test('a closed engine has written everything and serves no more', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { delayMs: 1_000 }));
    void stage.enqueue(task('t2', { delayMs: 500 }));
    const { clock } = stage;
    await stage.engine.close();
    expect(clock.timersWaiting).toBe(0);
    await expect(stage.enqueue(task('t3'))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await expect(stage.claim('a')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(stage.told.failures).toEqual([]);
    await stage.reopen();
    expect(await stage.state('t2')).toBe('scheduled');
  });
});
