import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { bytes, failure, idsOf, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const SECOND_MS = 1_000;

onEachEngine('enqueue', (open) => {
  test('adds a task once, even when it is sent again', async () => {
    const stage = await open();
    expect(await stage.enqueue(task('t1'))).toEqual({ created: 1 });
    expect(await stage.enqueue(task('t1'))).toEqual({ created: 0 });
    expect(await stage.enqueue(task('t2'), task('t2'), task('t1'))).toEqual({ created: 1 });
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t1', 't2']);
    expect(await stage.enqueue(task('t1'))).toEqual({ created: 0 });
  });

  test('recognises an id that was used in another queue', async () => {
    const stage = await open({ queues: [queueSpec('q'), queueSpec('other')] });
    await stage.enqueue(task('t1'));
    expect(await stage.enqueue(task('t1', { queue: 'other' }))).toEqual({ created: 0 });
  });

  test('answers a resend only after the original is durable', async () => {
    const stage = await open();
    stage.journal.hold();
    const answered: string[] = [];
    const first = stage.enqueue(task('t1')).then(() => answered.push('first'));
    await stage.journal.held();
    const second = stage.enqueue(task('t1')).then(() => answered.push('second'));
    await Promise.resolve();
    expect(answered).toEqual([]);
    stage.journal.release();
    await Promise.all([first, second]);
    expect(answered).toEqual(['first', 'second']);
  });

  test('adds all tasks of a request or none', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxItems: 3 })] });
    await stage.enqueue(task('t1'), task('t2'));
    expect(await stage.enqueue(task('t3'), task('t4'))).toMatchObject({
      refused: 'QUEUE_FULL',
      queue: 'q',
    });
    expect(await stage.state('t3')).toBe('UNKNOWN_TASK');
    expect(await stage.enqueue(task('t3'))).toEqual({ created: 1 });
  });

  test('accepts the other requests of a batch when one is refused', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxItems: 2 })] });
    const answers = await stage.engine.enqueue([
      [task('t1'), task('t2'), task('t3')],
      [task('t4')],
      [task('t5'), task('t6')],
      [task('t7')],
      [task('t8')],
    ]);
    expect(answers.map((answer) => ('refused' in answer ? answer.refused : 'created'))).toEqual([
      'PAYLOAD_TOO_LARGE',
      'created',
      'QUEUE_FULL',
      'created',
      'QUEUE_FULL',
    ]);
  });

  test('counts scheduled, ready and leased tasks against the bound', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxItems: 3 })] });
    await stage.enqueue(task('t1'), task('t2'), task('t3', { delayMs: 60_000 }));
    const grant = await stage.claimOne('a');
    expect(await stage.enqueue(task('t4'))).toMatchObject({ refused: 'QUEUE_FULL' });
    expect(await stage.engine.size('q')).toMatchObject({
      ready: 1,
      leased: 1,
      scheduled: 1,
      freeItems: 0,
    });
    await stage.settle('a', grant, 'succeeded');
    expect(stage.told.rooms).toEqual(['q']);
    expect(await stage.enqueue(task('t4'))).toEqual({ created: 1 });
  });

  test('counts the payload bytes of unfinished tasks against the bound', async () => {
    const stage = await open({ queues: [queueSpec('q', { maxBytes: 10 })] });
    await stage.enqueue(task('t1', { payload: bytes('123456') }));
    expect(await stage.enqueue(task('t2', { payload: bytes('12345') }))).toMatchObject({
      refused: 'QUEUE_FULL',
    });
    expect(await stage.enqueue(task('t3', { payload: bytes('1234') }))).toEqual({ created: 1 });
    await stage.cancel('t1');
    expect(await stage.engine.size('q')).toMatchObject({ bytes: 4, freeBytes: 6 });
  });

  test('refuses a task that can never be queued, and says why', async () => {
    const stage = await open({ payloadMaxBytes: 8, queues: [queueSpec('q', { maxBytes: 6 })] });
    expect(await stage.enqueue(task('t1', { queue: 'nowhere' }))).toMatchObject({
      refused: 'UNKNOWN_QUEUE',
      queue: 'nowhere',
    });
    expect(await stage.enqueue(task('t2', { payload: bytes('123456789') }))).toMatchObject({
      refused: 'PAYLOAD_TOO_LARGE',
    });
    expect(await stage.enqueue(task('t3', { payload: bytes('1234567') }))).toMatchObject({
      refused: 'PAYLOAD_TOO_LARGE',
    });
  });

  test('bounds the task names of a queue', async () => {
    const stage = await open();
    const named = Array.from({ length: limits.taskNamesPerQueueMax }, (_, n) =>
      task(`n${n}`, { name: `name ${n}` }),
    );
    expect(await stage.enqueue(...named)).toEqual({ created: limits.taskNamesPerQueueMax });
    expect(await stage.enqueue(task('one-more', { name: 'another' }))).toMatchObject({
      refused: 'TOO_MANY_NAMES',
    });
    expect(await stage.enqueue(task('known', { name: 'name 7' }))).toEqual({ created: 1 });
  });

  test('carries empty, binary and large payloads unchanged', async () => {
    const stage = await open();
    const binary = Uint8Array.from({ length: 256 }, (_, n) => n);
    const large = new Uint8Array(300_000).map((_, n) => n % 251);
    await stage.enqueue(
      task('empty', { payload: new Uint8Array(0) }),
      task('binary', { payload: binary }),
      task('large', { payload: large }),
    );
    await stage.reopen();
    stage.sessions('a');
    const grants = await stage.claim('a', 3);
    const [empty, small, big] = grants.map(({ payload }) => Uint8Array.from(payload));
    expect(empty).toEqual(new Uint8Array(0));
    expect(small).toEqual(binary);
    expect(Buffer.compare(Buffer.from(big ?? []), large)).toBe(0);
  });

  test('keeps a large payload through a return and a retry', async () => {
    const stage = await open();
    const large = new Uint8Array(100_000).fill(9);
    await stage.enqueue(task('t1', { payload: large }));
    await stage.settle('a', await stage.claimOne('a'), 'released');
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
    await stage.advance(SECOND_MS);
    expect(Buffer.compare((await stage.claimOne('a')).payload, large)).toBe(0);
  });

  test('is refused for a queue beyond the limit of queues, and says why', async () => {
    const names = Array.from({ length: limits.queuesMax }, (_, n) => `q${n}`);
    const stage = await open({ queues: names.map((name) => queueSpec(name)) });
    expect(stage.engine.declareQueue(queueSpec('q7', { maxItems: 1 }))).toBe(true);
    expect(stage.engine.declareQueue(queueSpec('another'))).toBe(false);
    expect(await stage.enqueue(task('t1', { queue: 'another' }))).toMatchObject({
      refused: 'UNKNOWN_QUEUE',
      message: expect.stringContaining('as many as there may be'),
    });
  });
});
