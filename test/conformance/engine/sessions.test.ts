import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { idsOf, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const MINUTE_MS = 60_000;

onEachEngine('sessions', (open) => {
  test('keep their leases as long as they are connected', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    await stage.advance(24 * 60 * MINUTE_MS);
    expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
  });

  test('lose their leases when the grace is over', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    stage.engine.disconnect({ sessionId: 'a', graceMs: limits.resumeGraceMs });
    await stage.advance(limits.resumeGraceMs - 1);
    expect(await stage.state('t1')).toBe('leased');
    await stage.advance(1);
    expect(await stage.engine.inspect('t1')).toMatchObject({ state: 'ready', losses: 1 });
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
  });

  test('are not ended by steps of the wall clock', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    await stage.claimOne('a');
    stage.engine.disconnect({ sessionId: 'a', graceMs: limits.resumeGraceMs });
    stage.clock.stepWall(3_600_000);
    await stage.advance(limits.resumeGraceMs - 1);
    expect(await stage.state('t1')).toBe('leased');
    stage.clock.stepWall(-7_200_000);
    await stage.advance(1);
    expect(await stage.state('t1')).toBe('ready');
  });

  test('keep the leases that they present when they resume within the grace', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    const [kept, unknown] = await stage.claim('a', 2);
    stage.engine.disconnect({ sessionId: 'a', graceMs: limits.resumeGraceMs });
    await stage.advance(1_000);
    if (kept === undefined || unknown === undefined) {
      throw new Error('two tasks were ready');
    }
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [kept.token] })).toEqual([]);
    await stage.advance(MINUTE_MS);
    expect(await stage.state('t1')).toBe('leased');
    expect(await stage.engine.inspect('t2')).toMatchObject({
      state: 'ready',
      returns: 1,
      losses: 0,
    });
    expect(await stage.settle('a', kept, 'succeeded')).toBe('accepted');
    expect(await stage.settle('a', unknown, 'succeeded')).toBe('LEASE_LOST');
  });

  test('do not keep a newer grant by an older token of its task', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const old = await stage.claimOne('a');
    await stage.settle('a', old, 'released');
    await stage.claimOne('a');
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [old.token] })).toEqual([old.token]);
    expect(await stage.engine.inspect('t1')).toMatchObject({ state: 'ready', returns: 2 });
  });

  test('are told again of cancellations when they resume', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const { token } = await stage.claimOne('a');
    await stage.cancel('t1');
    stage.engine.disconnect({ sessionId: 'a', graceMs: limits.resumeGraceMs });
    await stage.engine.resume({ sessionId: 'a', tokens: [token] });
    expect(stage.told.aborts).toEqual(['a t1 1 cancelled', 'a t1 1 cancelled']);
  });

  test('cannot take over the lease of another session', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const { token } = await stage.claimOne('a');
    expect(await stage.engine.resume({ sessionId: 'b', tokens: [token] })).toEqual([token]);
    expect(await stage.state('t1')).toBe('leased');
  });

  test('return their tasks at once when they say goodbye, without a counted loss', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    const [grant] = await stage.claim('a', 2);
    await stage.engine.endSession('a');
    expect(await stage.engine.inspect('t1')).toMatchObject({
      state: 'ready',
      returns: 1,
      losses: 0,
    });
    expect(grant && (await stage.settle('a', grant, 'succeeded'))).toBe('LEASE_LOST');
    expect(await stage.claim('a', 9)).toEqual([]);
    expect(idsOf(await stage.claim('b', 9))).toEqual(['t1', 't2']);
    expect(stage.engine.report().sessions).toBe(1);
  });

  test('are forgotten when they are over', async () => {
    const stage = await open();
    stage.engine.disconnect({ sessionId: 'a', graceMs: limits.resumeGraceMs });
    await stage.engine.endSession('b');
    await stage.advance(limits.resumeGraceMs);
    expect(stage.engine.report().sessions).toBe(0);
  });

  test('have tickets that survive a restart', async () => {
    const stage = await open();
    const ticket = stage.engine.ticket('a', 'key');
    expect(stage.engine.ticket('b', 'key')).not.toEqual(ticket);
    expect(stage.engine.ticket('a', 'other')).not.toEqual(ticket);
    await stage.reopen();
    expect(stage.engine.ticket('a', 'key')).toEqual(ticket);
  });
});
