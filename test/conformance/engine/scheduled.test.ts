import { expect, test } from 'vitest';
import { idsOf, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('scheduled tasks', (open) => {
  test('become claimable when they are due, and not before', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { delayMs: 5_000 }), task('t2', { delayMs: 3_000 }));
    expect(await stage.state('t1')).toBe('scheduled');
    await stage.advance(2_999);
    expect(await stage.claim('a', 9)).toEqual([]);
    await stage.advance(1);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t2']);
    await stage.advance(2_000);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t1']);
    expect(stage.told.readyCounts.get('q/work')).toBe(2);
  });

  test('fall due even if a sweep ran while their write was in flight', async () => {
    const stage = await open();
    await stage.enqueue(task('early', { delayMs: 10 }));
    stage.journal.hold();
    const enqueued = stage.enqueue(task('late', { delayMs: 5 }));
    await stage.journal.held();
    stage.clock.runNext(stage.clock.monotonicMs() + 10);
    stage.journal.release();
    await enqueued;
    await stage.advance(10);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['early', 'late']);
  });

  test('all become ready, even when they need more than one sweep', async () => {
    const stage = await open();
    const many = Array.from({ length: 2_500 }, (_, n) => task(`t${n}`, { delayMs: 100 }));
    await stage.enqueue(...many);
    await stage.advance(100);
    expect(await stage.engine.size('q')).toMatchObject({ ready: 2_500, scheduled: 0 });
  });

  test('may have very many due times in one write', async () => {
    const stage = await open();
    const many = Array.from({ length: 150_000 }, (_, n) =>
      task(`t${n}`, { delayMs: 1_000 + n, payload: new Uint8Array(0) }),
    );
    await stage.engine.enqueue([many]);
    await stage.advance(1_002);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t0', 't1', 't2']);
  });

  test('follow the wall clock when it is set', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { delayMs: 3_600_000 }));
    stage.clock.stepWall(3_600_000);
    await stage.advance(2_000);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t1']);
  });

  test('fall due after a restart, even if their time came while the manager was down', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { delayMs: 1_000 }), task('t2', { delayMs: 60_000 }));
    stage.clock.moveTo(10_000);
    await stage.reopen();
    await stage.advance(0);
    stage.sessions('a');
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t1']);
    await stage.advance(50_000);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t2']);
  });
});
