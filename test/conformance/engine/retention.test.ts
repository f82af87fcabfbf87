import { ITEM_NAME, limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { type EngineStage, failure, item, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const SECOND_MS = 1_000;

onEachEngine('retention', (open) => {
  const run = async (stage: EngineStage, taskId: string, resultBytes = 0): Promise<void> => {
    await stage.enqueue(task(taskId, { attempts: 1 }));
    const grant = await stage.claimOne('a');
    await stage.settle('a', grant, 'succeeded', { result: new Uint8Array(resultBytes) });
  };

  test('keeps a succeeded task for a day and a dead task for a week', async () => {
    const stage = await open();
    await run(stage, 'good');
    await stage.enqueue(task('bad', { attempts: 1 }));
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('bad') });
    await stage.advance(limits.retainSucceededMs - 1);
    expect(await stage.state('good')).toBe('succeeded');
    await stage.advance(1);
    expect(await stage.outcome('good')).toBe('UNKNOWN_TASK');
    await stage.advance(limits.retainDeadMs - limits.retainSucceededMs - 1);
    expect(await stage.state('bad')).toBe('dead');
    await stage.advance(1);
    expect(await stage.outcome('bad')).toBe('UNKNOWN_TASK');
  });

  test('removes the oldest results above its cap, and no more than it must', async () => {
    const stage = await open({ retainMaxBytes: 10_000 });
    for (const taskId of ['t1', 't2', 't3', 't4', 't5']) {
      await run(stage, taskId, 3_000);
      await stage.advance(10);
    }
    const answers = await stage.engine.outcomes(['t1', 't2', 't3', 't4', 't5']);
    expect(answers.map((answer) => (typeof answer === 'string' ? answer : 'kept'))).toEqual([
      'RESULT_REMOVED',
      'RESULT_REMOVED',
      'kept',
      'kept',
      'kept',
    ]);
  });

  test('keeps a dead task above its cap as long as there are older successes', async () => {
    const stage = await open({ retainMaxBytes: 5_100_000, payloadMaxBytes: 4_000_000 });
    const ids = Array.from({ length: 4_200 }, (_, index) => `t${index}`);
    await stage.enqueue(...ids.map((taskId) => task(taskId)));
    const grants = await stage.claim('a', ids.length);
    for (const start of [0, 2_100]) {
      const reports = grants.slice(start, start + 2_100).map(({ token }) => ({
        ...token,
        kind: 'succeeded' as const,
        result: new Uint8Array(1_000),
        error: undefined,
      }));
      await stage.settleAll('a', reports);
      await stage.advance(SECOND_MS);
    }
    await stage.enqueue(task('bad', { attempts: 1, payload: new Uint8Array(4_000_000) }));
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('bad') });
    await stage.advance(SECOND_MS);
    expect(await stage.outcome('bad')).toMatchObject({ taskId: 'bad' });
    expect(await stage.outcome('t4199')).toBe('RESULT_REMOVED');
  });

  test('keeps the id of a removed task for 15 minutes after it was accepted, even above the cap', async () => {
    const stage = await open({ retainMaxBytes: 0 });
    await run(stage, 't1', 100);
    await stage.advance(0);
    expect(await stage.outcome('t1')).toBe('RESULT_REMOVED');
    await stage.crash();
    await stage.advance(limits.tombstoneMs - SECOND_MS);
    expect(await stage.enqueue(task('t1'))).toEqual({ created: 0 });
    await stage.advance(SECOND_MS);
    expect(await stage.outcome('t1')).toBe('UNKNOWN_TASK');
    expect(await stage.enqueue(task('t1'))).toEqual({ created: 1 });
  });

  test('keeps the id of an item that was taken for 15 minutes, too', async () => {
    const stage = await open();
    await stage.enqueue(item('i1'));
    await stage.settle(
      'a',
      await stage.claimOne('a', [{ queue: 'q', name: ITEM_NAME }]),
      'succeeded',
    );
    await stage.advance(limits.tombstoneMs - 1);
    expect(await stage.enqueue(item('i1'))).toEqual({ created: 0 });
    await stage.advance(1);
    expect(await stage.enqueue(item('i1'))).toEqual({ created: 1 });
  });
});
