import { Handles, WINDOW_MAX_TASKS } from '@millrace/manager/engine';
import { ITEM_NAME, limits } from '@millrace/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import {
  bytes,
  EngineStage,
  engineKinds,
  failure,
  idsOf,
  item,
  queueSpec,
  type StageOptions,
  task,
  text,
} from './engine-stage.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** Grants are written no later than this, though nobody waits for them. */
const GRANTS_WRITTEN_MS = 10;

describe.each(engineKinds)('an engine on the %s journal', (kind) => {
  let stage: EngineStage;

  const open = async (options: StageOptions = {}): Promise<EngineStage> => {
    stage = await EngineStage.open(kind, options);
    stage.sessions('a', 'b');
    return stage;
  };

  afterEach(async () => {
    const breaches = stage.told.failures.length === 0 ? await stage.audit() : [];
    await stage.end();
    expect(breaches).toEqual([]);
  });

  describe('enqueue', () => {
    test('adds a task once, however often it is sent', async () => {
      await open();
      expect(await stage.enqueue(task('t1'))).toEqual({ created: 1 });
      expect(await stage.enqueue(task('t1'))).toEqual({ created: 0 });
      expect(await stage.enqueue(task('t2'), task('t2'), task('t1'))).toEqual({ created: 1 });
      expect(idsOf(await stage.claim('a', 9))).toEqual(['t1', 't2']);
      expect(await stage.enqueue(task('t1'))).toEqual({ created: 0 });
    });

    test('knows an id in another queue as well', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('other')] });
      await stage.enqueue(task('t1'));
      expect(await stage.enqueue(task('t1', { queue: 'other' }))).toEqual({ created: 0 });
    });

    test('answers a duplicate only when the original is durable', async () => {
      await open();
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
      await open({ queues: [queueSpec('q', { maxItems: 3 })] });
      await stage.enqueue(task('t1'), task('t2'));
      expect(await stage.enqueue(task('t3'), task('t4'))).toMatchObject({
        refused: 'QUEUE_FULL',
        queue: 'q',
      });
      expect(await stage.state('t3')).toBe('UNKNOWN_TASK');
      expect(await stage.enqueue(task('t3'))).toEqual({ created: 1 });
    });

    test('lets the other requests of a batch pass when one is refused', async () => {
      await open({ queues: [queueSpec('q', { maxItems: 2 })] });
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

    test('counts what is unfinished against the bound: scheduled, ready and leased', async () => {
      await open({ queues: [queueSpec('q', { maxItems: 3 })] });
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

    test('counts the payload bytes of what is unfinished', async () => {
      await open({ queues: [queueSpec('q', { maxBytes: 10 })] });
      await stage.enqueue(task('t1', { payload: bytes('123456') }));
      expect(await stage.enqueue(task('t2', { payload: bytes('12345') }))).toMatchObject({
        refused: 'QUEUE_FULL',
      });
      expect(await stage.enqueue(task('t3', { payload: bytes('1234') }))).toEqual({ created: 1 });
      await stage.cancel('t1');
      expect(await stage.engine.size('q')).toMatchObject({ bytes: 4, freeBytes: 6 });
    });

    test('refuses what can never be queued, and says why', async () => {
      await open({ payloadMaxBytes: 8, queues: [queueSpec('q', { maxBytes: 6 })] });
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
      await open();
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
      await open();
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
      await open();
      const large = new Uint8Array(100_000).fill(9);
      await stage.enqueue(task('t1', { payload: large }));
      await stage.settle('a', await stage.claimOne('a'), 'released');
      await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
      await stage.advance(SECOND_MS);
      expect(Buffer.compare((await stage.claimOne('a')).payload, large)).toBe(0);
    });
  });

  describe('order', () => {
    test('is by priority, then by arrival', async () => {
      await open();
      await stage.enqueue(
        task('low', { priority: -128 }),
        task('first'),
        task('high', { priority: 127 }),
        task('second'),
      );
      expect(idsOf(await stage.claim('a', 9))).toEqual(['high', 'first', 'second', 'low']);
    });

    test('merges the names of a request by priority and arrival', async () => {
      await open();
      await stage.enqueue(
        task('x1', { name: 'x' }),
        task('y1', { name: 'y' }),
        task('x2', { name: 'x' }),
        task('y2', { name: 'y', priority: 1 }),
      );
      const grants = await stage.claim('a', 9, [
        { queue: 'q', name: 'y' },
        { queue: 'q', name: 'nobody' },
        { queue: 'q', name: 'x' },
      ]);
      expect(grants.map(({ handle, token }) => [token.taskId, handle])).toEqual([
        ['y2', 0],
        ['x1', 2],
        ['y1', 0],
        ['x2', 2],
      ]);
    });

    test('is not hidden by a backlog that nobody handles', async () => {
      await open();
      const backlog = Array.from({ length: 3_000 }, (_, n) =>
        task(`unhandled-${n}`, { name: 'nobody', priority: 9 }),
      );
      await stage.enqueue(...backlog);
      await stage.enqueue(task('handled'));
      expect(idsOf(await stage.claim('a', 5))).toEqual(['handled']);
    });

    test('of a LIFO queue is the reverse among equal priorities, also across names', async () => {
      await open({ queues: [queueSpec('q', { order: 'lifo' })] });
      await stage.enqueue(
        task('t1'),
        task('t2', { name: 'other' }),
        task('t3', { priority: 5 }),
        task('t4'),
      );
      await stage.enqueue(task('t5', { name: 'other' }));
      const both = [
        { queue: 'q', name: 'work' },
        { queue: 'q', name: 'other' },
      ];
      expect(idsOf(await stage.claim('a', 9, both))).toEqual(['t3', 't5', 't4', 't2', 't1']);
    });

    test('of a LIFO queue goes on over restarts', async () => {
      await open({ queues: [queueSpec('q', { order: 'lifo' })] });
      await stage.enqueue(task('t1'), task('t2'));
      await stage.reopen();
      await stage.enqueue(task('t3'));
      stage.sessions('a');
      expect(idsOf(await stage.claim('a', 9))).toEqual(['t3', 't2', 't1']);
    });

    test('of a queue may be declared anew without losing or doubling what waits', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'), task('t3'));
      stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
      await stage.enqueue(task('t4'), task('t5'));
      const grant = await stage.claimOne('a');
      await stage.settle('a', grant, 'released');
      await stage.crash();
      stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
      stage.sessions('a');
      expect(idsOf(await stage.claim('a', 9))).toEqual(['t1', 't2', 't3', 't5', 't4']);
      expect(await stage.claim('a', 9)).toEqual([]);
    });

    test('deals to several requests one by one in turn', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'), task('t3'), task('t4'), task('t5'));
      const handles = new Handles([{ queue: 'q', name: 'work' }]);
      const maxBytes = 1_000;
      const dealt = await stage.engine.claim([
        { sessionId: 'a', handles, max: 9, maxBytes },
        { sessionId: 'nobody', handles, max: 9, maxBytes },
        { sessionId: 'b', handles, max: 1, maxBytes },
      ]);
      expect(dealt.map(idsOf)).toEqual([['t1', 't3', 't4', 't5'], [], ['t2']]);
    });

    test('deals the best of many lanes, whichever of several claimants asks', async () => {
      await open();
      const of = (...names: readonly string[]): Handles =>
        new Handles(names.map((name) => ({ queue: 'q', name })));
      const all = of('x', 'y', 'z', 'none');
      const maxBytes = 1_000;
      await stage.enqueue(
        task('x1', { name: 'x' }),
        task('y1', { name: 'y' }),
        task('x2', { name: 'x', priority: 5 }),
        task('z1', { name: 'z', priority: 9 }),
        task('y2', { name: 'y' }),
        task('z2', { name: 'z', priority: -1 }),
        task('x3', { name: 'x' }),
      );
      const dealt = await stage.engine.claim([
        { sessionId: 'a', handles: all, max: 2, maxBytes },
        { sessionId: 'a', handles: of('y', 'x'), max: 2, maxBytes },
        { sessionId: 'b', handles: all, max: 9, maxBytes },
      ]);
      expect(dealt.map(idsOf)).toEqual([
        ['z1', 'y1'],
        ['x2', 'y2'],
        ['x1', 'x3', 'z2'],
      ]);
      expect(dealt.map((grants) => grants.map(({ handle }) => handle))).toEqual([
        [2, 1],
        [1, 0],
        [0, 0, 2],
      ]);
    });

    test('finds what came into a lane that was found empty', async () => {
      await open();
      const handles = [
        { queue: 'q', name: 'x' },
        { queue: 'q', name: 'y' },
      ];
      await stage.enqueue(task('x1', { name: 'x' }), task('y1', { name: 'y' }));
      expect(idsOf(await stage.claim('a', 9, handles))).toEqual(['x1', 'y1']);
      expect(await stage.claim('a', 9, handles)).toEqual([]);
      await stage.enqueue(task('y2', { name: 'y' }));
      expect(idsOf(await stage.claim('a', 9, handles))).toEqual(['y2']);
      await stage.reopen();
      stage.sessions('b');
      await stage.enqueue(task('x2', { name: 'x' }));
      expect(idsOf(await stage.claim('b', 9, handles))).toEqual(['x2']);
    });

    test('puts a returned task back in its old place', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'));
      await stage.settle('a', await stage.claimOne('a'), 'released');
      expect(idsOf(await stage.claim('b', 2))).toEqual(['t1', 't2']);
    });
  });

  describe('scheduled tasks', () => {
    test('become claimable when they are due, and not before', async () => {
      await open();
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

    test('fall due although a sweep ran while their write was in flight', async () => {
      await open();
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

    test('of more than one sweep all become ready', async () => {
      await open();
      const many = Array.from({ length: 2_500 }, (_, n) => task(`t${n}`, { delayMs: 100 }));
      await stage.enqueue(...many);
      await stage.advance(100);
      expect(await stage.engine.size('q')).toMatchObject({ ready: 2_500, scheduled: 0 });
    });

    test('of very many instants may be written at once', async () => {
      await open();
      const many = Array.from({ length: 150_000 }, (_, n) =>
        task(`t${n}`, { delayMs: 1_000 + n, payload: new Uint8Array(0) }),
      );
      await stage.engine.enqueue([many]);
      await stage.advance(1_002);
      expect(idsOf(await stage.claim('a', 9))).toEqual(['t0', 't1', 't2']);
    });

    test('follow the wall clock when it is set', async () => {
      await open();
      await stage.enqueue(task('t1', { delayMs: 3_600_000 }));
      stage.clock.stepWall(3_600_000);
      await stage.advance(2_000);
      expect(idsOf(await stage.claim('a', 9))).toEqual(['t1']);
    });

    test('fall due after a restart, also those whose time came meanwhile', async () => {
      await open();
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

  describe('attempts', () => {
    test('are repeated after a backoff within its bounds, then the task is dead', async () => {
      await open();
      await stage.enqueue(task('t1', { attempts: 4 }));
      for (const [ceilingMs, attempt] of [1_000, 2_000, 4_000].map((ms, n) => [ms, n + 1])) {
        const grant = await stage.claimOne('a');
        expect(grant).toMatchObject({ attempt, token: { taskId: 't1', grant: attempt } });
        await stage.settle('a', grant, 'failed', { error: failure('once more') });
        expect(await stage.state('t1')).toBe('scheduled');
        await stage.advance((ceilingMs ?? 0) / 2 - 1);
        expect(await stage.claim('a')).toEqual([]);
        await stage.advance((ceilingMs ?? 0) / 2 + 1);
      }
      await stage.settle('a', await stage.claimOne('a'), 'timed-out', { error: failure('last') });
      expect(await stage.outcome('t1')).toMatchObject({
        state: 'dead',
        error: { message: 'last' },
      });
      expect(stage.told.outcomes.map(({ state, taskId }) => [taskId, state])).toEqual([
        ['t1', 'dead'],
      ]);
    });

    test('end with the first that says no further one can help', async () => {
      await open();
      await stage.enqueue(task('t1'));
      await stage.settle('a', await stage.claimOne('a'), 'failed', {
        error: failure('gone', false),
      });
      expect(await stage.outcome('t1')).toMatchObject({ state: 'dead', error: { retry: false } });
    });

    test('without a reason count as failed', async () => {
      await open();
      await stage.enqueue(task('t1', { attempts: 1 }));
      await stage.settle('a', await stage.claimOne('a'), 'cancelled');
      expect(await stage.outcome('t1')).toMatchObject({ state: 'dead' });
    });

    test('that succeed give their result once, for everyone', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'));
      const [one, two] = await stage.claim('a', 2);
      expect(one && (await stage.settle('a', one, 'succeeded', { result: bytes('42') }))).toBe(
        'accepted',
      );
      expect(two && (await stage.settle('a', two, 'succeeded'))).toBe('accepted');
      const [first, second] = await stage.engine.outcomes(['t1', 't2']);
      expect(first).toMatchObject({ state: 'succeeded' });
      expect(typeof first === 'object' && 'result' in first && text(first.result)).toBe('42');
      expect(second).toMatchObject({ state: 'succeeded', result: undefined });
    });

    test('lost with their worker are counted apart; the third loss is the death of a task', async () => {
      await open();
      await stage.enqueue(task('t1', { attempts: 1 }));
      for (const losses of [1, 2]) {
        await stage.settle('a', await stage.claimOne('a'), 'lost');
        expect(await stage.engine.inspect('t1')).toMatchObject({
          state: 'ready',
          losses,
          failures: 0,
        });
      }
      await stage.settle('a', await stage.claimOne('a'), 'lost');
      expect(await stage.outcome('t1')).toMatchObject({
        state: 'dead',
        error: { name: 'WorkerLost' },
      });
    });

    test('lost with their worker never are the death of an item', async () => {
      await open();
      const items = [{ queue: 'q', name: ITEM_NAME }];
      await stage.enqueue(item('i1'));
      for (let n = 0; n < 5; n++) {
        await stage.settle('a', await stage.claimOne('a', items), 'lost');
      }
      expect(await stage.engine.inspect('i1')).toMatchObject({ state: 'ready', losses: 5 });
    });

    test('that return are not counted', async () => {
      await open();
      await stage.enqueue(task('t1', { attempts: 1 }));
      for (let n = 1; n <= 5; n++) {
        const grant = await stage.claimOne('a');
        expect(grant).toMatchObject({ attempt: 1, token: { grant: n } });
        await stage.settle('a', grant, 'released');
      }
      expect(await stage.engine.inspect('t1')).toMatchObject({
        state: 'ready',
        failures: 0,
        losses: 0,
        returns: 5,
      });
    });
  });

  describe('tokens', () => {
    test('are worth nothing once another was granted', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const old = await stage.claimOne('a');
      stage.engine.disconnect('a', 0);
      await stage.advance(0);
      const present = await stage.claimOne('b');
      expect(await stage.settle('a', old, 'succeeded')).toBe('LEASE_LOST');
      expect(await stage.settle('b', present, 'succeeded')).toBe('accepted');
    });

    test('belong to their session', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const grant = await stage.claimOne('a');
      expect(await stage.settle('b', grant, 'succeeded')).toBe('LEASE_LOST');
      expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
    });

    test('settled again are duplicates, whatever is said the second time', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'));
      const [one, two] = await stage.claim('a', 2);
      if (one === undefined || two === undefined) {
        throw new Error('two tasks were ready');
      }
      await stage.settle('a', one, 'succeeded', { result: bytes('first') });
      expect(await stage.settle('a', one, 'failed', { error: failure('second') })).toBe(
        'duplicate',
      );
      expect(await stage.state('t1')).toBe('succeeded');
      await stage.settle('a', two, 'failed', { error: failure('first') });
      expect(await stage.settle('a', two, 'succeeded')).toBe('duplicate');
      expect(await stage.state('t2')).toBe('scheduled');
      await stage.crash();
      expect(await stage.settle('a', one, 'succeeded')).toBe('duplicate');
      expect(await stage.settle('a', two, 'succeeded')).toBe('duplicate');
    });

    test('settled twice in one batch count once', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const { token } = await stage.claimOne('a');
      const report = { ...token, kind: 'succeeded', result: undefined, error: undefined } as const;
      expect(await stage.engine.settle('a', [report, report])).toEqual(['accepted', 'duplicate']);
      expect(stage.told.outcomes).toHaveLength(1);
    });

    test('of a task nobody knows are answered so', async () => {
      await open();
      const token = { taskId: 'ghost', epoch: 1, grant: 1 };
      expect(await stage.settle('a', { token }, 'succeeded')).toBe('UNKNOWN_TASK');
    });

    test('of an item are duplicates after it is gone', async () => {
      await open();
      await stage.enqueue(item('i1'));
      const grant = await stage.claimOne('a', [{ queue: 'q', name: ITEM_NAME }]);
      expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
      expect(await stage.settle('a', grant, 'succeeded')).toBe('duplicate');
      expect(stage.told.outcomes).toEqual([]);
    });
  });

  describe('cancel', () => {
    test('ends a ready and a scheduled task at once', async () => {
      await open();
      await stage.enqueue(task('ready'), task('scheduled', { delayMs: 1_000 }));
      for (const taskId of ['ready', 'scheduled']) {
        expect(await stage.cancel(taskId)).toEqual({ answer: 'cancelled', state: 'cancelled' });
        expect(await stage.cancel(taskId)).toEqual({ answer: 'finished', state: 'cancelled' });
      }
      await stage.advance(2_000);
      expect(await stage.claim('a', 9)).toEqual([]);
      expect(await stage.outcome('ready')).toMatchObject({
        state: 'cancelled',
        error: { message: 'no longer wanted' },
      });
    });

    test('is told to the holder of a lease, once', async () => {
      await open();
      await stage.enqueue(task('t1'));
      await stage.claimOne('a');
      expect(await stage.cancel('t1')).toEqual({ answer: 'requested', state: 'leased' });
      expect(await stage.cancel('t1')).toEqual({ answer: 'requested', state: 'leased' });
      expect(stage.told.aborts).toEqual(['a t1 1 cancelled']);
    });

    test('does not undo a success that comes first', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const grant = await stage.claimOne('a');
      await stage.cancel('t1');
      expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
      expect(await stage.state('t1')).toBe('succeeded');
      expect(await stage.cancel('t1')).toEqual({ answer: 'finished', state: 'succeeded' });
    });

    test.each(['failed', 'timed-out', 'cancelled', 'lost', 'released'] as const)(
      'makes of an attempt that ends as %s a cancelled task',
      async (end) => {
        await open();
        await stage.enqueue(task('t1'));
        const grant = await stage.claimOne('a');
        await stage.cancel('t1');
        expect(await stage.settle('a', grant, end, { error: failure('stopped') })).toBe('accepted');
        await stage.advance(MINUTE_MS);
        expect(await stage.state('t1')).toBe('cancelled');
        expect(await stage.claim('a')).toEqual([]);
      },
    );

    test('outlives a restart and the loss of the worker', async () => {
      await open();
      await stage.enqueue(task('t1'));
      await stage.claimOne('a');
      await stage.cancel('t1');
      await stage.crash();
      await stage.advance(15_000);
      expect(await stage.state('t1')).toBe('cancelled');
    });

    test('of an unknown task says so', async () => {
      await open();
      expect(await stage.cancel('ghost')).toBe('UNKNOWN_TASK');
    });
  });

  describe('expiry', () => {
    test('ends a task that was not started in time', async () => {
      await open();
      await stage.enqueue(
        task('ready', { expiresInMs: 1_000 }),
        task('scheduled', { expiresInMs: 1_000, delayMs: 2_000 }),
      );
      await stage.advance(1_000);
      expect(await stage.state('ready')).toBe('expired');
      expect(await stage.state('scheduled')).toBe('expired');
      await stage.advance(2_000);
      expect(await stage.claim('a', 9)).toEqual([]);
    });

    test('does not touch a task that was started', async () => {
      await open();
      await stage.enqueue(task('t1', { expiresInMs: 1_000 }));
      const grant = await stage.claimOne('a');
      await stage.advance(5_000);
      expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
    });
  });

  describe('deadlines', () => {
    test('fence an attempt at deadline, kill grace and slack, and retry it', async () => {
      await open();
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

    test('are the death of a task that had its last attempt', async () => {
      await open();
      await stage.enqueue(task('t1', { deadlineMs: 1_000, attempts: 1 }));
      await stage.claimOne('a');
      await stage.advance(12_000);
      expect(await stage.outcome('t1')).toMatchObject({
        state: 'dead',
        error: { name: 'DeadlineExceeded' },
      });
    });

    test('are not moved by steps of the wall clock', async () => {
      await open();
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

  describe('sessions', () => {
    test('keep their leases while they are connected, however long', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const grant = await stage.claimOne('a');
      await stage.advance(24 * 60 * MINUTE_MS);
      expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
    });

    test('lose their leases when the grace is over', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const grant = await stage.claimOne('a');
      stage.engine.disconnect('a', limits.resumeGraceMs);
      await stage.advance(limits.resumeGraceMs - 1);
      expect(await stage.state('t1')).toBe('leased');
      await stage.advance(1);
      expect(await stage.engine.inspect('t1')).toMatchObject({ state: 'ready', losses: 1 });
      expect(await stage.engine.resume('a', [grant.token])).toEqual([grant.token]);
    });

    test('are not ended by steps of the wall clock', async () => {
      await open();
      await stage.enqueue(task('t1'));
      await stage.claimOne('a');
      stage.engine.disconnect('a', limits.resumeGraceMs);
      stage.clock.stepWall(3_600_000);
      await stage.advance(limits.resumeGraceMs - 1);
      expect(await stage.state('t1')).toBe('leased');
      stage.clock.stepWall(-7_200_000);
      await stage.advance(1);
      expect(await stage.state('t1')).toBe('ready');
    });

    test('that resume within the grace keep what they present', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'));
      const [kept, unknown] = await stage.claim('a', 2);
      stage.engine.disconnect('a', limits.resumeGraceMs);
      await stage.advance(1_000);
      if (kept === undefined || unknown === undefined) {
        throw new Error('two tasks were ready');
      }
      expect(await stage.engine.resume('a', [kept.token])).toEqual([]);
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

    test('that present an older token of a task do not keep its newer grant', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const old = await stage.claimOne('a');
      await stage.settle('a', old, 'released');
      await stage.claimOne('a');
      expect(await stage.engine.resume('a', [old.token])).toEqual([old.token]);
      expect(await stage.engine.inspect('t1')).toMatchObject({ state: 'ready', returns: 2 });
    });

    test('that resume are told again what should stop', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const { token } = await stage.claimOne('a');
      await stage.cancel('t1');
      stage.engine.disconnect('a', limits.resumeGraceMs);
      await stage.engine.resume('a', [token]);
      expect(stage.told.aborts).toEqual(['a t1 1 cancelled', 'a t1 1 cancelled']);
    });

    test('cannot present what another holds', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const { token } = await stage.claimOne('a');
      expect(await stage.engine.resume('b', [token])).toEqual([token]);
      expect(await stage.state('t1')).toBe('leased');
    });

    test('that say goodbye give everything back at once, uncounted', async () => {
      await open();
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
      await open();
      stage.engine.disconnect('a', limits.resumeGraceMs);
      await stage.engine.endSession('b');
      await stage.advance(limits.resumeGraceMs);
      expect(stage.engine.report().sessions).toBe(0);
    });

    test('have tickets that outlive a restart', async () => {
      await open();
      const ticket = stage.engine.ticket('a', 'key');
      expect(stage.engine.ticket('b', 'key')).not.toEqual(ticket);
      expect(stage.engine.ticket('a', 'other')).not.toEqual(ticket);
      await stage.reopen();
      expect(stage.engine.ticket('a', 'key')).toEqual(ticket);
    });
  });

  describe('after a restart', () => {
    test('the epoch is higher', async () => {
      await open();
      const before = stage.engine.epoch;
      await stage.crash();
      expect(stage.engine.epoch).toBe(before + 1);
      await stage.reopen();
      expect(stage.engine.epoch).toBe(before + 2);
    });

    test('leases wait for their sessions for the restart grace', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'));
      const kept = await stage.claimOne('a');
      const lost = await stage.claimOne('b');
      await stage.flushed();
      await stage.crash();
      await stage.advance(14_999);
      expect(await stage.engine.resume('a', [kept.token])).toEqual([]);
      await stage.advance(1);
      expect(await stage.settle('a', kept, 'succeeded')).toBe('accepted');
      expect(await stage.engine.inspect('t2')).toMatchObject({ state: 'ready', losses: 1 });
      expect(await stage.settle('b', lost, 'succeeded')).toBe('LEASE_LOST');
    });

    test('results are still there, and waiters of the next epoch get them', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'));
      const [one, two] = await stage.claim('a', 2);
      if (one === undefined || two === undefined) {
        throw new Error('two tasks were ready');
      }
      await stage.settle('a', one, 'succeeded', { result: bytes('kept') });
      await stage.crash();
      expect(await stage.outcome('t1')).toMatchObject({ state: 'succeeded' });
      expect(await stage.outcome('t2')).toEqual({ taskId: 't2', state: 'leased' });
      await stage.engine.resume('a', [two.token]);
      await stage.settle('a', two, 'succeeded', { result: bytes('later') });
      expect(stage.told.outcomes.map(({ result, taskId }) => [taskId, text(result)])).toEqual([
        ['t2', 'later'],
      ]);
    });

    test('sizes and totals are what they were', async () => {
      await open();
      await stage.enqueue(task('t1'), task('t2'), task('t3', { delayMs: 1_000 }), task('t4'));
      const [one] = await stage.claim('a', 2);
      if (one !== undefined) {
        await stage.settle('a', one, 'succeeded');
      }
      await stage.cancel('t4');
      // How long runs take is reckoned anew.
      const reports = () =>
        stage.engine.report().queues.map((queue) => ({ ...queue, runP95Ms: undefined }));
      const before = reports();
      expect(before).toMatchObject([
        {
          size: { ready: 0, scheduled: 1, leased: 1 },
          totals: { enqueued: 4, succeeded: 1, cancelled: 1 },
        },
      ]);
      await stage.crash();
      expect(reports()).toEqual(before);
    });

    test('every task name still has its tasks, however many there are', async () => {
      await open();
      const names = Array.from({ length: 600 }, (_, n) => `name ${n}`);
      await stage.enqueue(...names.map((name) => task(`of ${name}`, { name })));
      await stage.crash();
      stage.sessions('a');
      const handles = names.map((name) => ({ queue: 'q', name }));
      expect(idsOf(await stage.claim('a', 600, handles))).toEqual(
        names.map((name) => `of ${name}`),
      );
    });

    test('a task whose enqueue was not durable is not there', async () => {
      await open();
      stage.journal.hold();
      void stage.enqueue(task('t1'));
      await stage.journal.held();
      await stage.crash();
      expect(await stage.state('t1')).toBe('UNKNOWN_TASK');
      expect(await stage.enqueue(task('t1'))).toEqual({ created: 1 });
    });

    test('a forgotten id that was given to another task brings back no lease', async () => {
      await open();
      await stage.enqueue(item('i1'), item('i2'));
      const [ended] = await stage.claim('a', 2, [{ queue: 'q', name: ITEM_NAME }]);
      await stage.flushed();
      if (ended !== undefined) {
        await stage.settle('a', ended, 'succeeded');
      }
      await stage.advance(limits.tombstoneMs + SECOND_MS);
      expect(await stage.enqueue(item('i1'))).toEqual({ created: 1 });
      await stage.crash();
      expect(await stage.state('i1')).toBe('ready');
      expect(await stage.state('i2')).toBe('leased');
    });

    test('a queue that nobody declared keeps its tasks and takes no new ones', async () => {
      await open({ queues: [] });
      stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
      await stage.enqueue(task('t1'), task('t2'));
      await stage.claimOne('a');
      await stage.reopen();
      expect(stage.engine.hasQueue('q')).toBe(false);
      expect(await stage.enqueue(task('t3'))).toMatchObject({ refused: 'UNKNOWN_QUEUE' });
      expect(await stage.engine.size('q')).toMatchObject({ ready: 1, leased: 1 });
      await stage.advance(15_000);
      stage.engine.declareQueue(queueSpec('q', { order: 'lifo' }));
      await stage.enqueue(task('t3'));
      stage.sessions('a');
      expect(idsOf(await stage.claim('a', 9))).toEqual(['t3', 't2', 't1']);
    });
  });

  describe('a grant that a crash forgot', () => {
    const forgotten = async () => {
      await open();
      await stage.enqueue(task('t1'));
      stage.journal.hold();
      const grant = await stage.claimOne('a');
      stage.clock.runNext(stage.clock.monotonicMs() + GRANTS_WRITTEN_MS);
      await stage.journal.held();
      await stage.crash();
      return grant;
    };

    test('was on its way to the disk within milliseconds', async () => {
      await open();
      await stage.enqueue(task('t1'));
      const grant = await stage.claimOne('a');
      stage.clock.runNext(stage.clock.monotonicMs() + GRANTS_WRITTEN_MS);
      await stage.flushed();
      await stage.crash();
      expect(await stage.state('t1')).toBe('leased');
      expect(await stage.engine.resume('a', [grant.token])).toEqual([]);
    });

    test('is taken up again by its holder, once', async () => {
      const grant = await forgotten();
      expect(await stage.state('t1')).toBe('ready');
      expect(await stage.engine.resume('a', [grant.token])).toEqual([]);
      expect(await stage.state('t1')).toBe('leased');
      expect(await stage.engine.resume('b', [grant.token])).toEqual([grant.token]);
      expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
      expect(await stage.engine.resume('a', [grant.token])).toEqual([grant.token]);
    });

    test('is lost when the task was granted to another since', async () => {
      const grant = await forgotten();
      stage.sessions('b');
      const other = await stage.claimOne('b');
      expect(other.token.grant).toBe(grant.token.grant);
      expect(other.token.epoch).toBe(grant.token.epoch + 1);
      expect(await stage.engine.resume('a', [grant.token])).toEqual([grant.token]);
      await stage.settle('b', other, 'released');
      expect(await stage.engine.resume('a', [grant.token])).toEqual([grant.token]);
      expect(await stage.settle('a', grant, 'succeeded')).toBe('LEASE_LOST');
    });

    test('is lost when more than one restart lies between', async () => {
      const grant = await forgotten();
      await stage.crash();
      expect(await stage.engine.resume('a', [grant.token])).toEqual([grant.token]);
    });

    test('is lost unless its number is exactly the next', async () => {
      const { token } = await forgotten();
      const next = { ...token, grant: token.grant + 1 };
      const before = { ...token, grant: token.grant - 1 };
      expect(await stage.engine.resume('a', [next, before])).toEqual([next, before]);
      expect(await stage.state('t1')).toBe('ready');
    });

    test('is lost when the task was cancelled since', async () => {
      const grant = await forgotten();
      await stage.cancel('t1');
      expect(await stage.engine.resume('a', [grant.token])).toEqual([grant.token]);
    });
  });

  describe('retention', () => {
    const run = async (taskId: string, resultBytes = 0): Promise<void> => {
      await stage.enqueue(task(taskId, { attempts: 1 }));
      const grant = await stage.claimOne('a');
      await stage.settle('a', grant, 'succeeded', { result: new Uint8Array(resultBytes) });
    };

    test('keeps a success for a day and a death for a week', async () => {
      await open();
      await run('good');
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

    test('above its cap lets the oldest results go, and no more than it must', async () => {
      await open({ retainMaxBytes: 10_000 });
      for (const taskId of ['t1', 't2', 't3', 't4', 't5']) {
        await run(taskId, 3_000);
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

    test('knows the id of a removed task for 15 minutes after its acceptance, whatever the cap', async () => {
      await open({ retainMaxBytes: 0 });
      await run('t1', 100);
      await stage.advance(0);
      expect(await stage.outcome('t1')).toBe('RESULT_REMOVED');
      await stage.crash();
      await stage.advance(limits.tombstoneMs - SECOND_MS);
      expect(await stage.enqueue(task('t1'))).toEqual({ created: 0 });
      await stage.advance(SECOND_MS);
      expect(await stage.outcome('t1')).toBe('UNKNOWN_TASK');
      expect(await stage.enqueue(task('t1'))).toEqual({ created: 1 });
    });

    test('knows the id of an item that was taken just as long', async () => {
      await open();
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

  describe('durability', () => {
    test('one commit is in flight at a time', async () => {
      await open();
      const all: Promise<unknown>[] = [];
      for (let n = 0; n < 50; n++) {
        all.push(stage.enqueue(task(`t${n}`)));
        await Promise.resolve();
      }
      await Promise.all(all);
      expect(stage.journal.inFlightMax).toBe(1);
    });

    test('a task is claimable only after the commit that made it ready', async () => {
      await open();
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
      await open();
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
      await open();
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

    test('a rejected commit ends all service, and says so', async () => {
      await open();
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

    test('a rejected commit that nobody waits for is told as well', async () => {
      await open();
      await stage.enqueue(task('t1'));
      stage.journal.hold();
      await stage.claimOne('a');
      stage.clock.runNext(stage.clock.monotonicMs() + GRANTS_WRITTEN_MS);
      await stage.journal.held();
      stage.journal.refuse(new Error('ENOSPC'));
      await expect.poll(() => stage.told.failures.length).toBe(1);
    });

    test('a store that cannot be read ends all service, and nothing half done is written', async () => {
      await open();
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

    test('below the reserve nothing new is accepted, and what runs can still end', async () => {
      await open();
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

    test('a closed engine has written everything and does nothing more', async () => {
      await open();
      await stage.enqueue(task('t1', { delayMs: 1_000 }));
      void stage.enqueue(task('t2', { delayMs: 500 }));
      const { clock } = stage;
      await stage.engine.close();
      expect(clock.timersWaiting).toBe(0);
      await stage.reopen();
      expect(await stage.state('t2')).toBe('scheduled');
    });
  });

  describe('a backlog longer than memory holds', () => {
    const many = (prefix: string, count: number, priority = 0) =>
      Array.from({ length: count }, (_, n) => task(`${prefix}-${n}`, { priority }));

    const drain = async (atOnce: number): Promise<string[]> => {
      const ids: string[] = [];
      for (;;) {
        const grants = await stage.claim('a', atOnce);
        if (grants.length === 0) {
          return ids;
        }
        ids.push(...idsOf(grants));
        const settled = grants.map(({ token }) => ({
          ...token,
          kind: 'succeeded' as const,
          result: undefined,
          error: undefined,
        }));
        void stage.engine.settle('a', settled);
      }
    };

    const ids = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

    test('is drained exactly once in exact order, priorities first whenever they arrive', async () => {
      await open();
      const length = WINDOW_MAX_TASKS * 3 + 100;
      await stage.enqueue(...many('high', 10, 5));
      await stage.enqueue(...many('mid', length));
      await stage.enqueue(...many('low', 10, -5));
      const before = idsOf(await stage.claim('a', 20));
      expect(before).toEqual([...ids('high', 10), ...ids('mid', 10)]);
      await stage.enqueue(...many('urgent', WINDOW_MAX_TASKS + 50, 9));
      expect(await drain(97)).toEqual([
        ...ids('urgent', WINDOW_MAX_TASKS + 50),
        ...ids('mid', length).slice(10),
        ...ids('low', 10),
      ]);
    });

    test('takes back returned tasks before and behind the window, once each', async () => {
      await open();
      await stage.enqueue(...many('t', WINDOW_MAX_TASKS * 2));
      const grants = await stage.claim('a', WINDOW_MAX_TASKS + 300);
      await stage.enqueue(...many('late', 5));
      await stage.engine.endSession('a');
      stage.sessions('a');
      expect(grants).toHaveLength(WINDOW_MAX_TASKS + 300);
      expect(await drain(100)).toEqual([...ids('t', WINDOW_MAX_TASKS * 2), ...ids('late', 5)]);
    });

    test('loses cancelled tasks wherever they are, also while their write is in flight', async () => {
      await open();
      const count = WINDOW_MAX_TASKS + 700;
      await stage.enqueue(...many('t', count));
      stage.journal.hold();
      const cancelled = [0, 5, WINDOW_MAX_TASKS - 1, WINDOW_MAX_TASKS, WINDOW_MAX_TASKS + 600];
      const answered = stage.engine.cancel(
        cancelled.map((n) => ({ taskId: `t-${n}`, reason: '' })),
      );
      await stage.journal.held();
      const first = await stage.claim('a', WINDOW_MAX_TASKS + 650);
      stage.journal.release();
      await answered;
      const left = await stage.claim('a', count);
      const wanted = ids('t', count).filter((_, n) => !cancelled.includes(n));
      expect(idsOf([...first, ...left])).toEqual(wanted);
    });

    test('goes on where it was after a restart in its middle', async () => {
      await open();
      const count = WINDOW_MAX_TASKS * 2 + 300;
      await stage.enqueue(...many('t', count));
      const half = await stage.claim('a', WINDOW_MAX_TASKS + 50);
      await stage.engine.settle(
        'a',
        half.map(({ token }) => ({
          ...token,
          kind: 'succeeded' as const,
          result: undefined,
          error: undefined,
        })),
      );
      await stage.crash();
      stage.sessions('a');
      await stage.enqueue(...many('late', 3), ...many('high', 3, 1));
      expect(await drain(111)).toEqual([
        ...ids('high', 3),
        ...ids('t', count).slice(WINDOW_MAX_TASKS + 50),
        ...ids('late', 3),
      ]);
    });

    test('stays on disk: memory holds a window of it', async () => {
      await open();
      await stage.enqueue(...many('t', WINDOW_MAX_TASKS * 3));
      expect(await stage.audit()).toEqual([]);
    });

    const batches = kind === 'memory' ? 10 : 3;
    test(`of ${batches * 5},000 tasks is drained exactly once in exact order`, async () => {
      await open();
      for (let n = 0; n < batches; n++) {
        await stage.enqueue(...many(`batch${n}`, 5_000));
      }
      expect(await drain(1_000)).toEqual(
        Array.from({ length: batches }, (_, n) => ids(`batch${n}`, 5_000)).flat(),
      );
    });
  });
});
