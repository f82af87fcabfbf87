import { tuning } from '@millrace/manager/internals';
import { expect, test } from 'vitest';
import { type EngineStage, idsOf, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('a backlog longer than memory holds', (open, kind) => {
  const many = (prefix: string, count: number, priority = 0) =>
    Array.from({ length: count }, (_, n) => task(`${prefix}-${n}`, { priority }));

  const drain = async (stage: EngineStage, atOnce: number): Promise<string[]> => {
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
      void stage.settleAll('a', settled);
    }
  };

  const ids = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

  test('is drained exactly once and in order, with later tasks of higher priority first', async () => {
    const stage = await open();
    const length = tuning.windowMaxTasks * 3 + 100;
    await stage.enqueue(...many('high', 10, 5));
    await stage.enqueue(...many('mid', length));
    await stage.enqueue(...many('low', 10, -5));
    const before = idsOf(await stage.claim('a', 20));
    expect(before).toEqual([...ids('high', 10), ...ids('mid', 10)]);
    await stage.enqueue(...many('urgent', tuning.windowMaxTasks + 50, 9));
    expect(await drain(stage, 97)).toEqual([
      ...ids('urgent', tuning.windowMaxTasks + 50),
      ...ids('mid', length).slice(10),
      ...ids('low', 10),
    ]);
  });

  test('is read ahead between claims, so that a claim reads nothing from disk', async () => {
    const stage = await open();
    await stage.enqueue(...many('t', 2_000));
    await stage.crash();
    stage.sessions('a');
    const taken = idsOf(await stage.claim('a', 100));
    while (taken.length < 1_900) {
      // The lane reads ahead at the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      const { reads } = stage.journal;
      taken.push(...idsOf(await stage.claim('a', 100)));
      expect(stage.journal.reads).toBe(reads);
    }
    expect(taken).toEqual(ids('t', 1_900));
  });

  test('takes back returned tasks once each, before and behind the window', async () => {
    const stage = await open();
    await stage.enqueue(...many('t', tuning.windowMaxTasks * 2));
    const grants = await stage.claim('a', tuning.windowMaxTasks + 300);
    await stage.enqueue(...many('late', 5));
    await stage.engine.endSession('a');
    stage.sessions('a');
    expect(grants).toHaveLength(tuning.windowMaxTasks + 300);
    expect(await drain(stage, 100)).toEqual([
      ...ids('t', tuning.windowMaxTasks * 2),
      ...ids('late', 5),
    ]);
  });

  test('loses cancelled tasks in and behind the window, even while the write is in flight', async () => {
    const stage = await open();
    const count = tuning.windowMaxTasks + 700;
    await stage.enqueue(...many('t', count));
    stage.journal.hold();
    const cancelled = [
      0,
      5,
      tuning.windowMaxTasks - 1,
      tuning.windowMaxTasks,
      tuning.windowMaxTasks + 600,
    ];
    const answered = stage.engine.cancel(cancelled.map((n) => ({ taskId: `t-${n}`, reason: '' })));
    await stage.journal.held();
    const first = await stage.claim('a', tuning.windowMaxTasks + 650);
    stage.journal.release();
    await answered;
    const left = await stage.claim('a', count);
    const wanted = ids('t', count).filter((_, n) => !cancelled.includes(n));
    expect(idsOf([...first, ...left])).toEqual(wanted);
  });

  test('continues after a restart in its middle', async () => {
    const stage = await open();
    const count = tuning.windowMaxTasks * 2 + 300;
    await stage.enqueue(...many('t', count));
    const half = await stage.claim('a', tuning.windowMaxTasks + 50);
    await stage.settleAll(
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
    expect(await drain(stage, 111)).toEqual([
      ...ids('high', 3),
      ...ids('t', count).slice(tuning.windowMaxTasks + 50),
      ...ids('late', 3),
    ]);
  });

  test('stays on disk, and memory holds only a window of it', async () => {
    const stage = await open();
    await stage.enqueue(...many('t', tuning.windowMaxTasks * 3));
    expect(await stage.audit()).toEqual([]);
  });

  const batches = kind === 'memory' ? 10 : 3;
  test(`is drained exactly once and in order with ${batches * 5},000 tasks`, async () => {
    const stage = await open();
    for (let n = 0; n < batches; n++) {
      await stage.enqueue(...many(`batch${n}`, 5_000));
    }
    expect(await drain(stage, 1_000)).toEqual(
      Array.from({ length: batches }, (_, n) => ids(`batch${n}`, 5_000)).flat(),
    );
  });
});
