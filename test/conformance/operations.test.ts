import { type ListRequest, type TaskSummary, WINDOW_MAX_TASKS } from '@millrace/manager/engine';
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
const DAY_MS = 1_440 * MINUTE_MS;

describe.each(engineKinds)('what operators do with an engine on the %s journal', (kind) => {
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

  const everything: ListRequest = {
    queue: undefined,
    name: undefined,
    state: undefined,
    limit: 100,
    after: undefined,
  };

  /** All pages of a listing, and how many there were. */
  const listAll = async (
    request: Partial<ListRequest> = {},
  ): Promise<{ readonly tasks: TaskSummary[]; readonly pages: number }> => {
    const tasks: TaskSummary[] = [];
    let pages = 0;
    for (let after: string | undefined; ; ) {
      const page = await stage.engine.list({ ...everything, ...request, after });
      tasks.push(...page.tasks);
      pages += 1;
      if (page.next === undefined) {
        return { tasks, pages };
      }
      after = page.next;
    }
  };

  const listIds = async (request: Partial<ListRequest> = {}): Promise<string[]> =>
    (await listAll(request)).tasks.map(({ taskId }) => taskId);

  const kill = async (...taskIds: readonly string[]): Promise<void> => {
    for (const grant of await stage.claim('a', taskIds.length)) {
      const error = failure(`no hope for ${grant.token.taskId}`, false);
      expect(taskIds).toContain(grant.token.taskId);
      await stage.settle('a', grant, 'failed', { error });
    }
  };

  /** One task in each state, named by it. */
  const oneOfEach = async (): Promise<void> => {
    await stage.enqueue(task('dead'), task('succeeded'), task('leased'), task('retrying'));
    await kill('dead');
    await stage.settle('a', await stage.claimOne('a'), 'succeeded');
    await stage.claimOne('a');
    await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
    await stage.enqueue(task('expired', { expiresInMs: 1 }), task('cancelled'));
    await stage.advance(1);
    await stage.cancel('cancelled');
    await stage.enqueue(task('ready'), task('scheduled', { delayMs: DAY_MS }), item('item'));
  };

  describe('listing', () => {
    test('finds the tasks of each state, and only those', async () => {
      await open();
      await oneOfEach();
      expect(await listIds({ state: 'ready' })).toEqual(['ready', 'item']);
      expect(await listIds({ state: 'leased' })).toEqual(['leased']);
      expect(await listIds({ state: 'scheduled' })).toEqual(['retrying', 'scheduled']);
      expect(await listIds({ state: 'succeeded' })).toEqual(['succeeded']);
      expect(await listIds({ state: 'dead' })).toEqual(['dead']);
      expect(await listIds({ state: 'cancelled' })).toEqual(['cancelled']);
      expect(await listIds({ state: 'expired' })).toEqual(['expired']);
    });

    test('without a state finds all by their ids', async () => {
      await open();
      await oneOfEach();
      expect(await listIds()).toEqual([
        'cancelled',
        'dead',
        'expired',
        'item',
        'leased',
        'ready',
        'retrying',
        'scheduled',
        'succeeded',
      ]);
    });

    test('says of each task what an operator asks first', async () => {
      await open();
      await stage.enqueue(task('t', { priority: 7 }));
      await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
      const [found] = (await listAll()).tasks;
      expect(found).toMatchObject({
        taskId: 't',
        queue: 'q',
        name: 'work',
        state: 'scheduled',
        priority: 7,
        failures: 1,
        losses: 0,
        error: { message: 'no' },
      });
      await stage.advance(300);
      const [later] = (await listAll()).tasks;
      expect(later?.ageMs).toBe(300);
      expect(later?.dueInMs).toBe((found?.dueInMs ?? 0) - 300);
    });

    test('keeps to a queue and a name', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('other')] });
      await stage.enqueue(
        task('1', { name: 'x' }),
        task('2', { name: 'y' }),
        task('3', { queue: 'other', name: 'x' }),
      );
      for (const state of [undefined, 'ready'] as const) {
        expect(await listIds({ state, queue: 'q' })).toEqual(['1', '2']);
        expect(await listIds({ state, name: 'x' })).toEqual(['1', '3']);
        expect(await listIds({ state, queue: 'q', name: 'x' })).toEqual(['1']);
        expect(await listIds({ state, queue: 'none' })).toEqual([]);
      }
    });

    test('goes on page by page, in the midst of what arrived together', async () => {
      await open();
      const ids = Array.from({ length: 25 }, (_, n) => `t${String(n).padStart(2, '0')}`);
      await stage.enqueue(...ids.map((id) => task(id)));
      for (const state of [undefined, 'ready'] as const) {
        const { pages, tasks } = await listAll({ state, limit: 7 });
        expect(tasks.map(({ taskId }) => taskId)).toEqual(ids);
        expect(pages).toBe(4);
      }
    });

    test('names a task once that came back while others of its row wait', async () => {
      await open();
      await stage.enqueue(task('1'), task('2'), task('3'));
      await stage.settle('a', await stage.claimOne('a'), 'released');
      expect((await listIds({ state: 'ready' })).toSorted()).toEqual(['1', '2', '3']);
      await stage.claimOne('a');
      expect(await listIds({ state: 'ready' })).toEqual(['2', '3']);
    });

    test('names a leased task once whose cancellation was asked for, also after a restart', async () => {
      await open();
      await stage.enqueue(task('1'), task('2'));
      await stage.claim('a', 2);
      await stage.cancel('1');
      expect((await listIds({ state: 'leased' })).toSorted()).toEqual(['1', '2']);
      await stage.crash();
      expect((await listIds({ state: 'leased' })).toSorted()).toEqual(['1', '2']);
      expect(await listIds({ state: 'ready' })).toEqual([]);
    });

    test('looks at so much and no more for a page, and says where to go on', async () => {
      await open();
      const count = limits.listLooksMax + 10;
      const many = Array.from({ length: count }, (_, n) => task(`t${n}`, { payload: bytes('x') }));
      await stage.enqueue(...many, task('z', { name: 'rare' }));
      const first = await stage.engine.list({ ...everything, name: 'rare' });
      expect(first.tasks).toEqual([]);
      expect(first.next).toBeDefined();
      expect(await listIds({ name: 'rare' })).toEqual(['z']);
    });

    test('reads so many bytes and no more for a page', async () => {
      await open();
      const payload = new Uint8Array(1_048_576);
      await stage.enqueue(...Array.from({ length: 20 }, (_, n) => task(`t${n}`, { payload })));
      const page = await stage.engine.list({ ...everything });
      expect(page.tasks).toHaveLength(16);
      expect(await listIds()).toHaveLength(20);
    });

    test('of a place that nobody was given finds nothing, or something', async () => {
      await open();
      await stage.enqueue(task('1'));
      for (const after of ['', '.', 'zzzz', '????.-1', 'dA.9999', '~~~.NaN']) {
        const { tasks } = await stage.engine.list({ ...everything, after });
        expect(tasks.length).toBeLessThanOrEqual(1);
      }
    });

    test('shows only what is durable', async () => {
      await open();
      stage.journal.hold();
      const enqueued = stage.enqueue(task('1'));
      await stage.journal.held();
      let isListed = false;
      const listed = listIds().then((ids) => {
        isListed = true;
        return ids;
      });
      await Promise.resolve();
      expect(isListed).toBe(false);
      stage.journal.release();
      await enqueued;
      expect(await listed).toEqual([]);
      expect(await listIds()).toEqual(['1']);
    });
  });

  describe('a dead task', () => {
    const retry = async (taskId: string, newTaskId: string): Promise<unknown> =>
      (await stage.engine.retry([{ taskId, newTaskId }]))[0];
    const drop = async (taskId: string): Promise<unknown> => (await stage.engine.drop([taskId]))[0];

    test('is retried as a new task with the same work, counted anew', async () => {
      await open();
      const options = { priority: 3, deadlineMs: MINUTE_MS, attempts: 2, expiresInMs: DAY_MS };
      await stage.enqueue(task('1', options));
      await kill('1');
      expect(await retry('1', '2')).toBe('retried');
      const again = await stage.claimOne('b');
      expect(again).toMatchObject({ attempt: 1, deadlineMs: MINUTE_MS });
      expect(again.token).toMatchObject({ taskId: '2', grant: 1 });
      expect(text(again.payload)).toBe('payload of 1');
      expect(await stage.engine.inspect('2')).toMatchObject({ priority: 3, failures: 0 });
    });

    test('keeps a large payload for it, also over a restart', async () => {
      await open();
      const payload = new Uint8Array(100_000).fill(7);
      await stage.enqueue(task('1', { payload }));
      await kill('1');
      await stage.crash();
      stage.sessions('b');
      expect(await retry('1', '2')).toBe('retried');
      expect(Buffer.compare((await stage.claimOne('b')).payload, payload)).toBe(0);
    });

    test('that was retried is removed, and its outcome stays what it was', async () => {
      await open();
      await stage.enqueue(task('1'));
      await kill('1');
      expect(await stage.outcome('1')).toMatchObject({ state: 'dead' });
      await retry('1', '2');
      expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
      expect(await listIds({ state: 'dead' })).toEqual([]);
      await stage.settle('b', await stage.claimOne('b'), 'succeeded');
      expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
      expect(await stage.outcome('2')).toMatchObject({ state: 'succeeded' });
    });

    test('is retried once, however often that is sent', async () => {
      await open();
      await stage.enqueue(task('1'));
      await kill('1');
      expect(await retry('1', '2')).toBe('retried');
      expect(await retry('1', '2')).toBe('retried');
      expect(await retry('1', '3')).toMatchObject({ refused: 'RESULT_REMOVED' });
      expect(idsOf(await stage.claim('b', 9))).toEqual(['2']);
    });

    test('of a death by lost workers is retried as well', async () => {
      await open();
      await stage.enqueue(task('1'));
      for (let losses = 0; losses < limits.lossesMax; losses++) {
        await stage.settle('a', await stage.claimOne('a'), 'lost');
      }
      expect(await retry('1', '2')).toBe('retried');
      expect(await stage.engine.inspect('2')).toMatchObject({ state: 'ready', losses: 0 });
    });

    test('waits for room in its queue', async () => {
      await open({ queues: [queueSpec('q', { maxItems: 1 })] });
      await stage.enqueue(task('1'));
      await kill('1');
      await stage.enqueue(task('other'));
      expect(await retry('1', '2')).toMatchObject({ refused: 'QUEUE_FULL' });
      expect(await listIds({ state: 'dead' })).toEqual(['1']);
    });

    test('is the only one that can be retried or dropped', async () => {
      await open();
      await oneOfEach();
      const others = ['ready', 'leased', 'scheduled', 'retrying', 'succeeded', 'cancelled'];
      for (const taskId of [...others, 'expired', 'item']) {
        expect(await retry(taskId, 'new')).toMatchObject({ refused: 'TASK_NOT_DEAD' });
        expect(await drop(taskId)).toMatchObject({ refused: 'TASK_NOT_DEAD' });
      }
      expect(await retry('none', 'new')).toMatchObject({ refused: 'UNKNOWN_TASK' });
      expect(await drop('none')).toMatchObject({ refused: 'UNKNOWN_TASK' });
    });

    test('that is dropped is forgotten before its time, and its id once a resend cannot come', async () => {
      await open();
      await stage.enqueue(task('1'));
      await kill('1');
      expect(await drop('1')).toBe('dropped');
      expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
      expect(await drop('1')).toMatchObject({ refused: 'RESULT_REMOVED' });
      expect(await stage.enqueue(task('1'))).toEqual({ created: 0 });
      await stage.advance(limits.tombstoneMs + SECOND_MS);
      expect(await stage.state('1')).toBe('UNKNOWN_TASK');
    });

    test('that is old is forgotten at once when it is dropped', async () => {
      await open();
      await stage.enqueue(task('1'));
      await kill('1');
      await stage.advance(DAY_MS);
      expect(await drop('1')).toBe('dropped');
      await stage.advance(SECOND_MS);
      expect(await stage.state('1')).toBe('UNKNOWN_TASK');
    });

    test('of an id that was used before is kept for its own time', async () => {
      await open();
      await stage.enqueue(task('1'));
      await kill('1');
      await drop('1');
      await stage.advance(DAY_MS);
      await stage.enqueue(task('1'));
      await kill('1');
      await stage.advance(limits.retainDeadMs - DAY_MS + SECOND_MS);
      expect(await stage.outcome('1')).toMatchObject({ state: 'dead' });
      expect(await listIds({ state: 'dead' })).toEqual(['1']);
      await stage.advance(DAY_MS);
      expect(await stage.state('1')).toBe('UNKNOWN_TASK');
    });

    test('is counted while it is kept', async () => {
      await open();
      await stage.enqueue(task('1'), task('2'), task('3'));
      await kill('1', '2', '3');
      expect(stage.engine.report().queues[0]).toMatchObject({ deadKept: 3 });
      await retry('1', '4');
      await drop('2');
      expect(stage.engine.report().queues[0]).toMatchObject({ deadKept: 1, totals: { dead: 3 } });
      await stage.advance(limits.retainDeadMs + SECOND_MS);
      expect(stage.engine.report().queues[0]).toMatchObject({ deadKept: 0, totals: { dead: 3 } });
    });

    test('counts its payload against the space for results: the oldest go first, whatever became of them', async () => {
      await open({ retainMaxBytes: 100_000 });
      const payload = new Uint8Array(30_000);
      const succeed = async (taskId: string): Promise<void> => {
        await stage.enqueue(task(taskId));
        const result = new Uint8Array(30_000);
        await stage.settle('a', await stage.claimOne('a'), 'succeeded', { result });
        await stage.advance(10 * SECOND_MS);
      };
      const die = async (taskId: string): Promise<void> => {
        await stage.enqueue(task(taskId, { payload }));
        await kill(taskId);
        await stage.advance(10 * SECOND_MS);
      };
      await succeed('1');
      await die('2');
      await succeed('3');
      await die('4');
      expect(await stage.outcome('1')).toBe('RESULT_REMOVED');
      expect(await listIds()).toEqual(['2', '3', '4']);
      await succeed('5');
      await succeed('6');
      expect(await listIds()).toEqual(['4', '5', '6']);
    });
  });

  describe('a paused queue', () => {
    const pause = (isPaused: boolean, queue = 'q') => stage.engine.setPaused(queue, isPaused);

    test('accepts and does not deal', async () => {
      await open();
      expect(await pause(true)).toBeUndefined();
      expect(await stage.enqueue(task('1'), item('2'))).toEqual({ created: 2 });
      const both = [
        { queue: 'q', name: 'work' },
        { queue: 'q', name: ITEM_NAME },
      ];
      expect(await stage.claim('a', 9, both)).toEqual([]);
      expect(stage.engine.report().queues[0]).toMatchObject({ isPaused: true, size: { ready: 2 } });
      await pause(false);
      expect(idsOf(await stage.claim('a', 9, both))).toEqual(['1', '2']);
    });

    test('lets what runs go on, and come back', async () => {
      await open();
      await stage.enqueue(task('1'), task('2'));
      const [first, second] = await stage.claim('a', 2);
      await pause(true);
      expect(first && (await stage.settle('a', first, 'succeeded'))).toBe('accepted');
      expect(second && (await stage.settle('a', second, 'released'))).toBe('accepted');
      expect(await stage.claim('a', 9)).toEqual([]);
    });

    test('does not hold up the others', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('other')] });
      await pause(true);
      await stage.enqueue(task('1'), task('2', { queue: 'other' }));
      const handles = ['q', 'other'].map((queue) => ({ queue, name: 'work' }));
      expect(idsOf(await stage.claim('a', 9, handles))).toEqual(['2']);
    });

    test('stays paused over a restart, also one that is empty', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('empty')] });
      await stage.enqueue(task('1'));
      await pause(true);
      await pause(true, 'empty');
      await stage.crash();
      stage.sessions('a');
      expect(await stage.claim('a')).toEqual([]);
      expect(stage.engine.report().queues.map(({ isPaused }) => isPaused)).toEqual([true, true]);
      await pause(false);
      await stage.crash();
      stage.sessions('a');
      expect(idsOf(await stage.claim('a'))).toEqual(['1']);
    });

    test('announces nothing, and everything once it deals again', async () => {
      await open();
      await stage.enqueue(task('1'));
      await pause(true);
      await stage.enqueue(task('2'), task('3', { name: 'other' }));
      expect(stage.told.readyCounts).toEqual(new Map([['q/work', 1]]));
      await pause(false);
      expect(stage.told.readyCounts.get('q/work')).toBeGreaterThan(2);
      expect(stage.told.readyCounts.get('q/other')).toBeGreaterThan(0);
    });

    test('must be known', async () => {
      await open();
      expect(await pause(true, 'none')).toBe('UNKNOWN_QUEUE');
    });
  });

  describe('a purge', () => {
    const purgeAll = async (queue = 'q'): Promise<{ cancelled: number; steps: number }> => {
      let cancelled = 0;
      let steps = 0;
      for (let after: string | undefined; ; ) {
        const answer = await stage.engine.purge(queue, after);
        if (answer === 'UNKNOWN_QUEUE') {
          throw new Error(answer);
        }
        cancelled += answer.cancelled;
        steps += 1;
        if (answer.next === undefined) {
          return { cancelled, steps };
        }
        after = answer.next;
      }
    };

    test('of what would have been due next leaves what is due later to its time', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('other')] });
      await stage.enqueue(task('soon', { delayMs: 1_000 }));
      await stage.enqueue(task('later', { queue: 'other', delayMs: 20_000 }));
      await purgeAll();
      await stage.advance(1_000);
      await stage.advance(20_000);
      expect(await stage.state('soon')).toBe('cancelled');
      expect(await stage.state('later')).toBe('ready');
    });

    test('cancels what waits, and leaves what runs', async () => {
      await open();
      await oneOfEach();
      expect(await purgeAll()).toEqual({ cancelled: 4, steps: 1 });
      expect(await stage.engine.size('q')).toMatchObject({ ready: 0, scheduled: 0, leased: 1 });
      expect(await stage.outcome('ready')).toMatchObject({
        state: 'cancelled',
        error: { message: 'its queue was purged' },
      });
      for (const taskId of ['scheduled', 'retrying']) {
        expect(await stage.outcome(taskId)).toMatchObject({ state: 'cancelled' });
      }
      expect(await stage.state('leased')).toBe('leased');
      expect(stage.told.outcomes.map(({ taskId }) => taskId)).toContain('scheduled');
      expect(stage.told.rooms).toContain('q');
    });

    test('does not hold up what falls due elsewhere', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('other')] });
      await stage.enqueue(task('1', { delayMs: SECOND_MS }));
      await stage.enqueue(task('2', { queue: 'other', delayMs: 20 * SECOND_MS }));
      await purgeAll();
      await stage.advance(2 * SECOND_MS);
      await stage.advance(MINUTE_MS);
      expect(await stage.state('2')).toBe('ready');
    });

    test('leaves the other queues alone', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('other')] });
      const elsewhere = { queue: 'other' };
      await stage.enqueue(task('1'), task('2', { delayMs: DAY_MS }));
      await stage.enqueue(task('3', elsewhere), task('4', { ...elsewhere, delayMs: DAY_MS }));
      expect(await purgeAll()).toMatchObject({ cancelled: 2 });
      expect(await stage.state('3')).toBe('ready');
      expect(await stage.state('4')).toBe('scheduled');
    });

    test('of a backlog goes step by step, and leaves no rows behind', async () => {
      await open();
      const count = WINDOW_MAX_TASKS * 3 + 100;
      const many = Array.from({ length: count }, (_, n) => task(`t${n}`, { payload: bytes('x') }));
      await stage.enqueue(...many);
      const { cancelled, steps } = await purgeAll();
      expect(cancelled).toBe(count);
      expect(steps).toBe(Math.ceil(count / limits.purgeTasks));
      expect(stage.journal.range('r', 's', 10)).toEqual([]);
      await stage.enqueue(task('next'));
      expect(idsOf(await stage.claim('a', 9))).toEqual(['next']);
    });

    test('leaves alone what arrives while it is under way', async () => {
      await open();
      const count = limits.purgeTasks + 10;
      await stage.enqueue(...Array.from({ length: count }, (_, n) => task(`t${n}`)));
      const first = await stage.engine.purge('q', undefined);
      await stage.enqueue(task('late'));
      const second = first === 'UNKNOWN_QUEUE' ? first : await stage.engine.purge('q', first.next);
      expect(second).toEqual({ cancelled: 10, next: undefined });
      expect(idsOf(await stage.claim('a', 9))).toEqual(['late']);
    });

    test('is on disk when it is answered', async () => {
      await open();
      await stage.enqueue(task('1'), task('2', { delayMs: SECOND_MS }));
      await purgeAll();
      await stage.crash();
      stage.sessions('a');
      await stage.advance(2 * SECOND_MS);
      expect(await stage.claim('a', 9)).toEqual([]);
      expect(await stage.outcome('2')).toMatchObject({ state: 'cancelled' });
    });

    test('of a queue that does not exist is refused', async () => {
      await open();
      expect(await stage.engine.purge('none', undefined)).toBe('UNKNOWN_QUEUE');
    });
  });

  describe('reports', () => {
    test('count what waits for a further attempt', async () => {
      await open();
      await stage.enqueue(task('1'), task('2', { delayMs: DAY_MS }));
      await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
      expect(stage.engine.report().queues[0]).toMatchObject({
        retrying: 1,
        size: { scheduled: 2 },
      });
      await stage.crash();
      expect(stage.engine.report().queues[0]).toMatchObject({ retrying: 1 });
      await stage.advance(MINUTE_MS);
      expect(stage.engine.report().queues[0]).toMatchObject({ retrying: 0, size: { ready: 1 } });
    });

    test('say how long runs take', async () => {
      await open();
      await stage.enqueue(task('1'));
      expect(stage.engine.report().queues[0]?.runP95Ms).toBeUndefined();
      const grant = await stage.claimOne('a');
      await stage.advance(400);
      await stage.settle('a', grant, 'succeeded');
      const { runP95Ms = 0 } = stage.engine.report().queues[0] ?? {};
      expect(runP95Ms).toBeGreaterThanOrEqual(400);
      expect(runP95Ms).toBeLessThan(480);
    });

    test('say where something is ready, and how long its oldest waits', async () => {
      await open({ queues: [queueSpec('q'), queueSpec('stack', { order: 'lifo' })] });
      await stage.enqueue(task('1', { priority: -5 }));
      await stage.advance(MINUTE_MS);
      await stage.enqueue(task('2'), task('3', { name: 'later', delayMs: DAY_MS }));
      await stage.enqueue(task('4', { queue: 'stack' }));
      await stage.advance(SECOND_MS);
      expect(stage.engine.waitingLanes()).toEqual([
        { queue: 'q', name: 'work', oldestMs: 61 * SECOND_MS },
        { queue: 'stack', name: 'work', oldestMs: undefined },
      ]);
    });

    test('say how long a backlog waits that nobody has read since the start', async () => {
      await open();
      await stage.enqueue(task('1'), task('2'));
      await stage.claimOne('a');
      await stage.crash();
      await stage.advance(SECOND_MS);
      const [lane] = stage.engine.waitingLanes();
      expect(lane?.oldestMs).toBeGreaterThanOrEqual(SECOND_MS);
    });

    test('say who was lost with how many leases, until when', async () => {
      await open();
      await stage.enqueue(task('1'), task('2'));
      await stage.claim('a', 2);
      stage.engine.disconnect('a', 2_000);
      stage.engine.disconnect('b', 2_000);
      await stage.advance(500);
      expect(stage.engine.lostSessions()).toEqual([
        { sessionId: 'a', leases: 2, returnInMs: 1_500 },
      ]);
      await stage.advance(1_500);
      expect(stage.engine.lostSessions()).toEqual([]);
    });

    test('say what a session was given last', async () => {
      await open();
      expect(stage.engine.lastHeld('a')).toBeUndefined();
      await stage.enqueue(task('1'), task('2'));
      await stage.claimOne('a');
      await stage.advance(100);
      const second = await stage.claimOne('a');
      await stage.advance(50);
      expect(stage.engine.lastHeld('a')).toMatchObject({ taskId: '2', name: 'work', heldMs: 50 });
      await stage.settle('a', second, 'succeeded');
      expect(stage.engine.lastHeld('a')).toMatchObject({ taskId: '1', heldMs: 150 });
    });
  });
});
