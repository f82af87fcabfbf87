import { limits, type NewTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, type EngineStage, failure, queueSpec, task, text } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const once = (taskId: string, key = 'k', forMs?: number, more: Partial<NewTask> = {}): NewTask =>
  task(taskId, { ...more, options: { once: { key, forMs } } });

const latest = (
  taskId: string,
  waitMs: number | undefined,
  maxWaitMs?: number,
  more: Partial<NewTask> = {},
): NewTask =>
  task(taskId, {
    delayMs: waitMs ?? 0,
    ...more,
    options: { latest: { key: 'k', waitMs, maxWaitMs } },
  });

const existing = (taskId: string, index = 0) => ({ created: 0, existing: [{ index, taskId }] });

const finishOne = async (stage: EngineStage): Promise<string> => {
  const grant = await stage.claimOne('a');
  await stage.settle('a', grant, 'succeeded');
  return grant.taskId;
};

onEachEngine('an idempotency key', (open) => {
  test('is held until its task ends, whatever the outcome', async () => {
    const stage = await open();
    for (const [index, end] of (['succeeded', 'failed'] as const).entries()) {
      const id = `t${index}`;
      await stage.enqueue(once(id, 'k', undefined, { attempts: 1 }));
      expect(await stage.enqueue(once('other'))).toEqual(existing(id));
      const grant = await stage.claimOne('a');
      expect(await stage.enqueue(once('other'))).toEqual(existing(id));
      await stage.settle('a', grant, end, { error: failure('no', false) });
    }
    await stage.enqueue(once('t2', 'k', undefined, { expiresInMs: 500 }));
    await stage.advance(500);
    await stage.enqueue(once('t3'));
    await stage.cancel('t3');
    await stage.enqueue(once('t4'));
    await stage.engine.purge({ queue: 'q', after: undefined });
    expect(await stage.enqueue(once('t5'))).toEqual({ created: 1 });
  });

  test('is held by a task whose cancellation is requested, until its holder ends it', async () => {
    const stage = await open();
    await stage.enqueue(once('t1'));
    const grant = await stage.claimOne('a');
    await stage.cancel('t1');
    expect(await stage.enqueue(once('t2'))).toEqual(existing('t1'));
    await stage.settle('a', grant, 'cancelled');
    expect(await stage.enqueue(once('t2'))).toEqual({ created: 1 });
  });

  test('makes one task of many enqueues in one turn, over batches in flight, and in one request', async () => {
    const stage = await open();
    const requests = Array.from({ length: 10 }, (_, n) => [once(`t${n}`)]);
    const answers = await stage.engine.enqueue(requests);
    expect(answers.filter((answer) => 'created' in answer && answer.created === 1)).toHaveLength(1);
    expect(answers[9]).toEqual(existing('t0'));
    const first = stage.enqueue(once('u0', 'other'));
    const second = stage.enqueue(once('u1', 'other'));
    expect([await first, await second]).toEqual([{ created: 1 }, existing('u0')]);
    expect(await stage.enqueue(once('v0', 'v'), once('v1', 'v'), task('v2'))).toEqual({
      created: 2,
      existing: [{ index: 1, taskId: 'v0' }],
    });
  });

  test('belongs to a queue and a name', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('r')] });
    await stage.enqueue(once('t1'));
    expect(await stage.enqueue(once('t2', 'k', undefined, { queue: 'r' }))).toEqual({ created: 1 });
    expect(await stage.enqueue(once('t3', 'k', undefined, { name: 'x' }))).toEqual({ created: 1 });
    expect(await stage.enqueue(once('t4', 'K'))).toEqual({ created: 1 });
  });

  test('survives restarts', async () => {
    const stage = await open();
    await stage.enqueue(once('t1'), once('t2', 'timed', 60_000));
    await stage.reopen();
    expect(await stage.enqueue(once('t3'))).toEqual(existing('t1'));
    await stage.crash();
    expect(await stage.enqueue(once('t3', 'timed'))).toEqual(existing('t2'));
    stage.sessions('a');
    expect(await finishOne(stage)).toBe('t1');
    expect(await stage.enqueue(once('t3'))).toEqual({ created: 1 });
  });

  test('with a time outlives its task, and is free and forgotten after that time', async () => {
    const stage = await open();
    await stage.enqueue(once('t1', 'k', 60_000));
    await finishOne(stage);
    await stage.advance(59_000);
    expect(await stage.enqueue(once('t2', 'k', 60_000))).toEqual(existing('t1'));
    await stage.advance(3_000);
    expect(await stage.enqueue(once('t2', 'k', 60_000))).toEqual({ created: 1 });
    await stage.advance(120_000);
    expect(stage.journal.range('k', 'l', 10)).toEqual([]);
    expect(stage.journal.range('w', 'x', 10)).toEqual([]);
  });

  test('with a time names its task as long, also when the result is removed', async () => {
    const stage = await open();
    const weekMs = 7 * 86_400_000;
    await stage.enqueue(once('t1', 'k', weekMs));
    await finishOne(stage);
    await stage.advance(2 * 86_400_000);
    expect(await stage.enqueue(once('t2', 'k', weekMs))).toEqual(existing('t1'));
    expect(await stage.outcome('t1')).toBe('RESULT_REMOVED');
    await stage.advance(5 * 86_400_000 + 2_000);
    expect(await stage.state('t1')).toBe('UNKNOWN_TASK');
    expect(await stage.enqueue(once('t2', 'k', weekMs))).toEqual({ created: 1 });
  });

  test('is found in a batch that is being written', async () => {
    const stage = await open();
    stage.journal.hold();
    const first = stage.enqueue(once('t1'));
    await stage.journal.held();
    const second = stage.enqueue(once('t2'));
    stage.journal.release();
    expect([await first, await second]).toEqual([{ created: 1 }, existing('t1')]);
  });

  test('is looked up before room: a duplicate is not told that the queue is full', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxItems: 1 })] });
    await stage.enqueue(once('t1'));
    expect(await stage.enqueue(once('t2'))).toEqual(existing('t1'));
    expect(await stage.engine.holdsAll([once('t2')])).toBe(true);
    expect(await stage.enqueue(once('t2', 'new'))).toMatchObject({ refused: 'QUEUE_FULL' });
    expect(await stage.engine.holdsAll([once('t2', 'new')])).toBe(false);
  });

  test('passes to the retry of a dead task, unless another task has it', async () => {
    const stage = await open();
    const die = async (): Promise<void> => {
      await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('x', false) });
    };
    await stage.enqueue(once('t1'));
    await die();
    expect(await stage.engine.retry([{ taskId: 't1', newTaskId: 't2' }])).toEqual(['retried']);
    expect(await stage.enqueue(once('t3'))).toEqual(existing('t2'));
    await die();
    await stage.enqueue(once('t4'));
    const [refused] = await stage.engine.retry([{ taskId: 't2', newTaskId: 't5' }]);
    expect(refused).toMatchObject({ refused: 'KEY_IN_USE' });
    const again = { taskId: 't2', newTaskId: 't5', withoutKey: true };
    expect(await stage.engine.retry([again])).toEqual(['retried']);
  });
});

onEachEngine('a task whose latest input counts', (open) => {
  test('takes the last input and waits anew, up to its bound', async () => {
    const stage = await open();
    await stage.enqueue(latest('t1', 1_000, 2_500));
    await stage.advance(900);
    expect(await stage.enqueue(latest('t2', 1_000, 2_500))).toEqual(existing('t1'));
    await stage.advance(900);
    expect(await stage.enqueue(latest('t3', 1_000, 2_500))).toEqual(existing('t1'));
    await stage.advance(699);
    expect(await stage.claim('a')).toEqual([]);
    await stage.advance(1);
    const [grant] = await stage.claim('a');
    expect(text(grant?.payload)).toBe('payload of t3');
    expect(await stage.enqueue(latest('t4', 1_000))).toEqual({ created: 1 });
  });

  test('stays ready once it is ready, with the last input', async () => {
    const stage = await open();
    await stage.enqueue(latest('t1', 1_000));
    await stage.advance(1_000);
    const payload = new Uint8Array(200_000).fill(1);
    expect(await stage.enqueue(latest('t2', 1_000, undefined, { payload }))).toEqual(
      existing('t1'),
    );
    const grant = await stage.claimOne('a');
    expect(Buffer.compare(grant.payload, payload)).toBe(0);
    expect(await stage.engine.size('q')).toMatchObject({ bytes: 200_000 });
  });

  test('is not the target of a call after its grant, even when it was returned', async () => {
    const stage = await open();
    await stage.enqueue(latest('t1', undefined));
    await stage.settle('a', await stage.claimOne('a'), 'released');
    expect(await stage.enqueue(latest('t2', undefined))).toEqual({ created: 1 });
    await stage.cancel('t1');
    expect(await stage.enqueue(latest('t3', undefined))).toEqual(existing('t2'));
  });

  test('keeps its time where only the input is replaced', async () => {
    const stage = await open();
    await stage.enqueue(latest('t1', undefined, undefined, { delayMs: 1_000 }));
    await stage.advance(900);
    await stage.enqueue(latest('t2', undefined, undefined, { delayMs: 5_000 }));
    await stage.advance(100);
    expect(text((await stage.claimOne('a')).payload)).toBe('payload of t2');
  });

  test('is not touched by an enqueue that is sent again after it has run', async () => {
    const stage = await open();
    await stage.enqueue(latest('t1', undefined));
    await stage.enqueue(latest('t2', undefined));
    await finishOne(stage);
    expect(await stage.enqueue(latest('t2', undefined))).toEqual(existing('t1'));
    await stage.crash();
    stage.sessions('a');
    expect(await stage.enqueue(latest('t2', undefined))).toEqual(existing('t1'));
    expect(await stage.claim('a')).toEqual([]);
    await stage.advance(limits.tombstoneMs + 2_000);
    expect(stage.journal.range('a', 'b', 10)).toEqual([]);
  });

  test('is not touched by a request that is sent again, whose tasks became one', async () => {
    const stage = await open();
    const request = [latest('t1', undefined), latest('t2', undefined), latest('t3', undefined)];
    await stage.enqueue(...request);
    await finishOne(stage);
    expect(await stage.enqueue(...request)).toEqual({
      created: 0,
      existing: [
        { index: 1, taskId: 't1' },
        { index: 2, taskId: 't1' },
      ],
    });
  });

  test('waits no longer than its bound, the first time too', async () => {
    const stage = await open();
    await stage.enqueue(latest('t1', 1_000, 100));
    await stage.advance(100);
    expect(text((await stage.claimOne('a')).payload)).toBe('payload of t1');
  });

  test('is replaced within one request, and by all calls of one turn', async () => {
    const stage = await open();
    expect(await stage.enqueue(latest('t1', undefined), latest('t2', undefined))).toEqual({
      created: 1,
      existing: [{ index: 1, taskId: 't1' }],
    });
    const calls = [3, 4, 5].map((n) => stage.enqueue(latest(`t${n}`, undefined)));
    expect(await Promise.all(calls)).toEqual([existing('t1'), existing('t1'), existing('t1')]);
    expect(text((await stage.claimOne('a')).payload)).toBe('payload of t5');
  });

  test('is announced with the input that replaced its own while the first was being written', async () => {
    const stage = await open();
    stage.journal.hold();
    const first = stage.enqueue(latest('t1', undefined));
    await stage.journal.held();
    const second = stage.enqueue(latest('t2', undefined));
    stage.journal.release();
    expect([await first, await second]).toEqual([{ created: 1 }, existing('t1')]);
    expect(text((await stage.claimOne('a')).payload)).toBe('payload of t2');
  });

  test('takes no input for which its queue has no room', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxBytes: 100 })] });
    await stage.enqueue(latest('t1', undefined, undefined, { payload: bytes('small') }));
    const large = latest('t2', undefined, undefined, { payload: new Uint8Array(101) });
    expect(await stage.enqueue(large)).toMatchObject({ refused: 'QUEUE_FULL' });
    expect(text((await stage.claimOne('a')).payload)).toBe('small');
  });

  test('comes back from a crash with the input that was acknowledged', async () => {
    const stage = await open();
    await stage.enqueue(latest('t1', 1_000));
    await stage.enqueue(latest('t2', 2_000));
    await stage.crash();
    stage.sessions('a');
    await stage.advance(1_999);
    expect(await stage.claim('a')).toEqual([]);
    await stage.advance(1);
    expect(text((await stage.claimOne('a')).payload)).toBe('payload of t2');
  });
});
