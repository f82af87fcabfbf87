import type { NewTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { task, text, UNAWAITED_WRITTEN_MS } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

/** A task whose input an enqueue with the same key replaces while it waits. */
const replaceable = (taskId: string): NewTask =>
  task(taskId, { options: { latest: { key: 'k', waitMs: undefined, maxWaitMs: undefined } } });

onEachEngine('a grant that a crash forgot', (open) => {
  const forgotten = async (first = task('t1')) => {
    const stage = await open();
    await stage.enqueue(first);
    stage.journal.hold();
    const grant = await stage.claimOne('a');
    stage.clock.runNext(stage.clock.monotonicMs() + UNAWAITED_WRITTEN_MS);
    await stage.journal.held();
    await stage.crash();
    return { stage, grant };
  };

  test('would have been flushed within milliseconds', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    stage.clock.runNext(stage.clock.monotonicMs() + UNAWAITED_WRITTEN_MS);
    await stage.flushed();
    await stage.crash();
    expect(await stage.state('t1')).toBe('leased');
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([]);
  });

  test('is taken up again by its holder, once', async () => {
    const { grant, stage } = await forgotten();
    expect(await stage.state('t1')).toBe('ready');
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([]);
    expect(await stage.state('t1')).toBe('leased');
    expect(await stage.engine.resume({ sessionId: 'b', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
    expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
  });

  test('is lost when the input of its task was replaced since, so that the last input runs', async () => {
    const { grant, stage } = await forgotten(replaceable('t1'));
    await stage.enqueue(replaceable('t2'));
    await stage.flushed();
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
    expect(text((await stage.claimOne('a')).payload)).toBe('payload of t2');
  });

  test('of an input that was replaced before it is taken up again', async () => {
    const stage = await open();
    await stage.enqueue(replaceable('t1'));
    await stage.enqueue(replaceable('t2'));
    stage.journal.hold();
    const grant = await stage.claimOne('a');
    stage.clock.runNext(stage.clock.monotonicMs() + UNAWAITED_WRITTEN_MS);
    await stage.journal.held();
    await stage.crash();
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([]);
  });

  test('is lost when the task has been granted to another session since', async () => {
    const { grant, stage } = await forgotten();
    stage.sessions('b');
    const other = await stage.claimOne('b');
    expect(other.token.grant).toBe(grant.token.grant);
    expect(other.token.epoch).toBe(grant.token.epoch + 1);
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
    await stage.settle('b', other, 'released');
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
    expect(await stage.settle('a', grant, 'succeeded')).toBe('LEASE_LOST');
  });

  test('is lost after a second restart', async () => {
    const { grant, stage } = await forgotten();
    await stage.crash();
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
  });

  test('is lost unless its number is the next one of the task', async () => {
    const {
      grant: { token },
      stage,
    } = await forgotten();
    const next = { ...token, grant: token.grant + 1 };
    const before = { ...token, grant: token.grant - 1 };
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [next, before] })).toEqual([
      next,
      before,
    ]);
    expect(await stage.state('t1')).toBe('ready');
  });

  test('is lost when the task has been cancelled since', async () => {
    const { grant, stage } = await forgotten();
    await stage.cancel('t1');
    expect(await stage.engine.resume({ sessionId: 'a', tokens: [grant.token] })).toEqual([
      grant.token,
    ]);
  });
});
