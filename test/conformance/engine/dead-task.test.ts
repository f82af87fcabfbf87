import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { type EngineStage, idsOf, queueSpec, task, text } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';
import { kill, listIds, oneOfEach } from './operator-steps.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

onEachEngine('a dead task', (open) => {
  const retry = async (stage: EngineStage, taskId: string, newTaskId: string): Promise<unknown> =>
    (await stage.engine.retry([{ taskId, newTaskId }]))[0];
  const drop = async (stage: EngineStage, taskId: string): Promise<unknown> =>
    (await stage.engine.drop([taskId]))[0];

  test('is retried as a new task with the same options and fresh counters', async () => {
    const stage = await open();
    const options = { priority: 3, deadlineMs: MINUTE_MS, attempts: 2, expiresInMs: DAY_MS };
    await stage.enqueue(task('1', options));
    await kill(stage, '1');
    expect(await retry(stage, '1', '2')).toBe('retried');
    const again = await stage.claimOne('b');
    expect(again).toMatchObject({ attempt: 1, deadlineMs: MINUTE_MS });
    expect(again.token).toMatchObject({ taskId: '2', grant: 1 });
    expect(text(again.payload)).toBe('payload of 1');
    expect(await stage.engine.inspect('2')).toMatchObject({ priority: 3, failures: 0 });
  });

  test('keeps a large payload for the retry, even across a restart', async () => {
    const stage = await open();
    const payload = new Uint8Array(100_000).fill(7);
    await stage.enqueue(task('1', { payload }));
    await kill(stage, '1');
    await stage.crash();
    stage.sessions('b');
    expect(await retry(stage, '1', '2')).toBe('retried');
    expect(Buffer.compare((await stage.claimOne('b')).payload, payload)).toBe(0);
  });

  test('is removed when it is retried, and the new outcome does not replace its own', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    await kill(stage, '1');
    expect(await stage.outcome('1')).toMatchObject({ state: 'dead' });
    await retry(stage, '1', '2');
    expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
    expect(await listIds(stage, { state: 'dead' })).toEqual([]);
    await stage.settle('b', await stage.claimOne('b'), 'succeeded');
    expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
    expect(await stage.outcome('2')).toMatchObject({ state: 'succeeded' });
  });

  test('is retried once, even when the retry is sent again', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    await kill(stage, '1');
    expect(await retry(stage, '1', '2')).toBe('retried');
    expect(await retry(stage, '1', '2')).toBe('retried');
    expect(await retry(stage, '1', '3')).toMatchObject({ refused: 'RESULT_REMOVED' });
    expect(idsOf(await stage.claim('b', 9))).toEqual(['2']);
  });

  test('is retried even when it died of lost workers', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    for (let losses = 0; losses < limits.lossesMax; losses++) {
      await stage.settle('a', await stage.claimOne('a'), 'lost');
    }
    expect(await retry(stage, '1', '2')).toBe('retried');
    expect(await stage.engine.inspect('2')).toMatchObject({ state: 'ready', losses: 0 });
  });

  test('is not retried while its queue is full', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxItems: 1 })] });
    await stage.enqueue(task('1'));
    await kill(stage, '1');
    await stage.enqueue(task('other'));
    expect(await retry(stage, '1', '2')).toMatchObject({ refused: 'QUEUE_FULL' });
    expect(await listIds(stage, { state: 'dead' })).toEqual(['1']);
  });

  test('is the only kind of task that can be retried or dropped', async () => {
    const stage = await open();
    await oneOfEach(stage);
    const others = ['ready', 'leased', 'scheduled', 'retrying', 'succeeded', 'cancelled'];
    for (const taskId of [...others, 'expired', 'item']) {
      expect(await retry(stage, taskId, 'new')).toMatchObject({ refused: 'TASK_NOT_DEAD' });
      expect(await drop(stage, taskId)).toMatchObject({ refused: 'TASK_NOT_DEAD' });
    }
    expect(await retry(stage, 'none', 'new')).toMatchObject({ refused: 'UNKNOWN_TASK' });
    expect(await drop(stage, 'none')).toMatchObject({ refused: 'UNKNOWN_TASK' });
  });

  test('loses its result when it is dropped, and its id once no resend can come', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    await kill(stage, '1');
    expect(await drop(stage, '1')).toBe('dropped');
    expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
    expect(await drop(stage, '1')).toMatchObject({ refused: 'RESULT_REMOVED' });
    expect(await stage.enqueue(task('1'))).toEqual({ created: 0 });
    await stage.advance(limits.tombstoneMs + SECOND_MS);
    expect(await stage.state('1')).toBe('UNKNOWN_TASK');
  });

  test('is forgotten at once when it is dropped after a day', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    await kill(stage, '1');
    await stage.advance(DAY_MS);
    expect(await drop(stage, '1')).toBe('dropped');
    await stage.advance(SECOND_MS);
    expect(await stage.state('1')).toBe('UNKNOWN_TASK');
  });

  test('is kept for its own time when its id was used before', async () => {
    const stage = await open();
    await stage.enqueue(task('1'));
    await kill(stage, '1');
    await drop(stage, '1');
    await stage.advance(DAY_MS);
    await stage.enqueue(task('1'));
    await kill(stage, '1');
    await stage.advance(limits.retainDeadMs - DAY_MS + SECOND_MS);
    expect(await stage.outcome('1')).toMatchObject({ state: 'dead' });
    expect(await listIds(stage, { state: 'dead' })).toEqual(['1']);
    await stage.advance(DAY_MS);
    expect(await stage.state('1')).toBe('UNKNOWN_TASK');
  });

  test('is counted while it is kept', async () => {
    const stage = await open();
    await stage.enqueue(task('1'), task('2'), task('3'));
    await kill(stage, '1', '2', '3');
    expect(stage.engine.report().queues[0]).toMatchObject({ deadKept: 3 });
    await retry(stage, '1', '4');
    await drop(stage, '2');
    expect(stage.engine.report().queues[0]).toMatchObject({ deadKept: 1, totals: { dead: 3 } });
    await stage.advance(limits.retainDeadMs + SECOND_MS);
    expect(stage.engine.report().queues[0]).toMatchObject({ deadKept: 0, totals: { dead: 3 } });
  });

  test('counts its payload against the space for results, of which the oldest go first', async () => {
    const stage = await open({ retainMaxBytes: 100_000 });
    const payload = new Uint8Array(30_000);
    const succeed = async (taskId: string): Promise<void> => {
      await stage.enqueue(task(taskId));
      const result = new Uint8Array(30_000);
      await stage.settle('a', await stage.claimOne('a'), 'succeeded', { result });
      await stage.advance(10 * SECOND_MS);
    };
    const die = async (taskId: string): Promise<void> => {
      await stage.enqueue(task(taskId, { payload }));
      await kill(stage, taskId);
      await stage.advance(10 * SECOND_MS);
    };
    await succeed('1');
    await die('2');
    await succeed('3');
    await die('4');
    expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
    expect(await listIds(stage)).toEqual(['2', '3', '4']);
    await succeed('5');
    await succeed('6');
    expect(await listIds(stage)).toEqual(['4', '5', '6']);
  });
});
