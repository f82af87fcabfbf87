import { tuning } from '@millrace/manager/internals';
import { expect, test } from 'vitest';
import { type EngineStage, idsOf, item, queueSpec, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';
import { listIds, oneOfEach } from './operator-steps.ts';

const prioritize = async (
  { engine }: EngineStage,
  taskId: string,
  priority: number,
): Promise<unknown> => {
  const [answer] = await engine.prioritize([{ taskId, priority }]);
  return answer;
};

const claimAll = async (stage: EngineStage): Promise<string[]> => {
  const claimed: string[] = [];
  for (;;) {
    const grants = await stage.claim('a', 300);
    if (grants.length === 0) {
      return claimed;
    }
    claimed.push(...idsOf(grants));
  }
};

onEachEngine('another priority', (open) => {
  test('moves a ready task before others and behind them', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'), task('t3'), task('t4'));
    expect(await prioritize(stage, 't3', 5)).toBe('prioritized');
    expect(await prioritize(stage, 't1', -5)).toBe('prioritized');
    expect(await listIds(stage, { state: 'ready' })).toEqual(['t3', 't2', 't4', 't1']);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t3', 't2', 't4', 't1']);
    expect(await stage.claim('a', 9)).toEqual([]);
    expect(await stage.audit()).toEqual([]);
  });

  test.each([
    ['fifo', ['t1', 't2', 't3']],
    ['lifo', ['t3', 't2', 't1']],
  ] as const)(
    'leaves a task its arrival in a %s queue: the old priority brings back its old place',
    async (order, inOrder) => {
      const stage = await open({ queues: [queueSpec('q', { order })] });
      await stage.enqueue(task('t1'), task('t2'), task('t3'));
      await prioritize(stage, 't2', 9);
      await prioritize(stage, 't2', -9);
      await prioritize(stage, 't2', 0);
      await stage.reopen();
      stage.sessions('a');
      expect(await listIds(stage, { state: 'ready' })).toHaveLength(3);
      expect(idsOf(await stage.claim('a', 9))).toEqual(inOrder);
      expect(await stage.audit()).toEqual([]);
    },
  );

  test('lists a task that arrived alone only where it stands now', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    // No window has read its row, which stays.
    await stage.crash();
    await prioritize(stage, 't1', 9);
    expect(await listIds(stage, { state: 'ready' })).toEqual(['t1']);
    await prioritize(stage, 't1', -9);
    expect(await listIds(stage, { state: 'ready', limit: 1 })).toEqual(['t1']);
  });

  test('holds for a task once it is due, and for an item', async () => {
    const stage = await open();
    await stage.enqueue(task('now'), task('later', { delayMs: 1_000 }), item('i1'), item('i2'));
    expect(await prioritize(stage, 'later', 7)).toBe('prioritized');
    expect(await prioritize(stage, 'i2', 7)).toBe('prioritized');
    expect(await stage.state('later')).toBe('scheduled');
    await stage.advance(1_000);
    expect(idsOf(await stage.claim('a', 2))).toEqual(['later', 'now']);
    expect(idsOf(await stage.claim('a', 2, [{ queue: 'q', name: '' }]))).toEqual(['i2', 'i1']);
  });

  test('given in the turn of the enqueue, or twice in a turn, lists a task once', async () => {
    const stage = await open();
    const { engine } = stage;
    await Promise.all([
      engine.enqueue([[task('t1'), task('t2', { payload: new Uint8Array(50_000) }), task('t3')]]),
      engine.prioritize([
        { taskId: 't3', priority: 1 },
        { taskId: 't3', priority: 2 },
      ]),
      engine.prioritize([{ taskId: 't2', priority: 2 }]),
    ]);
    await Promise.all([prioritize(stage, 't1', 3), prioritize(stage, 't1', 4)]);
    expect(await listIds(stage, { state: 'ready' })).toEqual(['t1', 't2', 't3']);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t1', 't2', 't3']);
    expect(await stage.audit()).toEqual([]);
  });

  test('given while the enqueue is being written lists a task once', async () => {
    const stage = await open();
    stage.journal.hold();
    // Memory does not keep a payload of this size.
    const payload = new Uint8Array(50_000);
    const enqueued = stage.enqueue(task('t1'), task('t2', { payload }));
    await stage.journal.held();
    const changed = prioritize(stage, 't2', 2);
    const again = prioritize(stage, 't2', 3);
    stage.journal.release();
    await Promise.all([enqueued, changed, again]);
    expect(idsOf(await stage.claim('a', 9))).toEqual(['t2', 't1']);
    expect(await stage.audit()).toEqual([]);
  });

  test.each([
    ['raised', 5, 'before'],
    ['raised', 5, 'after'],
    ['lowered', -5, 'before'],
    ['lowered', -5, 'after'],
  ] as const)(
    '%s to %i far behind the window, holds %s a restart',
    async (_how, priority, when) => {
      const stage = await open();
      const length = tuning.windowMaxTasks * 3;
      const ids = Array.from({ length }, (_, n) => `t-${n}`);
      await stage.enqueue(...ids.map((id) => task(id)));
      await stage.enqueue(task('last', { priority: -1 }));
      const moved = ids.filter((_, n) => n % 500 === 499);
      for (const id of moved) {
        expect(await prioritize(stage, id, priority)).toBe('prioritized');
      }
      if (when === 'after') {
        await stage.crash();
        stage.sessions('a');
      }
      const others = ids.filter((id) => !moved.includes(id));
      expect(await claimAll(stage)).toEqual(
        priority > 0 ? [...moved, ...others, 'last'] : [...others, 'last', ...moved],
      );
      expect(await stage.audit()).toEqual([]);
    },
  );

  test('lowered, is not taken from its old row: a claim reads no more of the lane for it', async () => {
    const stage = await open();
    const length = tuning.windowMaxTasks * 3;
    await stage.enqueue(...Array.from({ length }, (_, n) => task(`t-${n}`)));
    await prioritize(stage, 't-0', -9);
    await stage.crash();
    stage.sessions('a');
    const { reads } = stage.journal;
    expect(idsOf(await stage.claim('a', 1))).toEqual(['t-1']);
    expect(stage.journal.reads - reads).toBeLessThan(tuning.windowMaxTasks);
    expect(await stage.audit()).toEqual([]);
  });

  test('is refused for all but tasks that wait, by their state', async () => {
    const stage = await open();
    await oneOfEach(stage);
    const answers: Record<string, unknown> = {};
    for (const state of ['leased', 'succeeded', 'dead', 'cancelled', 'expired']) {
      answers[state] = await prioritize(stage, state, 1);
    }
    expect(answers).toEqual(
      Object.fromEntries(
        Object.keys(answers).map((state) => [
          state,
          {
            refused: 'TASK_NOT_WAITING',
            message: `task ${state} no longer waits; its state is ${state}`,
          },
        ]),
      ),
    );
    expect(await prioritize(stage, 'ghost', 1)).toMatchObject({ refused: 'UNKNOWN_TASK' });
    for (const state of ['ready', 'retrying', 'scheduled', 'item']) {
      expect(await prioritize(stage, state, 1)).toBe('prioritized');
    }
  });
});
