import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { type EngineStage, idsOf, task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('tasks whose worker was lost', (open) => {
  /** A worker takes tasks, and is lost with them; answers what it took. */
  const lose = async (stage: EngineStage, max: number, isolates = false): Promise<string[]> => {
    stage.sessions('doomed');
    const grants = await stage.claim('doomed', max, undefined, isolates);
    stage.engine.disconnect({ sessionId: 'doomed', graceMs: 0 });
    await stage.advance(1);
    return idsOf(grants);
  };

  const losses = async (stage: EngineStage, taskId: string): Promise<number | undefined> => {
    const info = await stage.engine.inspect(taskId);
    return typeof info === 'string' ? undefined : info.losses;
  };

  test('are dealt again as suspects, with the number of their losses', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    await lose(stage, 1);
    const grants = await stage.claim('a', 2);
    expect(grants.map((grant) => [grant.taskId, grant.losses])).toEqual([
      ['t1', 1],
      ['t2', undefined],
    ]);
  });

  test('do not die of losses that a neighbour may have caused', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    for (let lost = 1; lost < limits.lossesAllMax; lost++) {
      expect(await lose(stage, 2)).toHaveLength(2);
      await stage.advance(limits.backoffMaxMs);
    }
    expect(await stage.state('t1')).toBe('ready');
    expect(await losses(stage, 't1')).toBe(limits.lossesAllMax - 1);
  });

  test('die after so many losses that a neighbour is no excuse any more', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    for (let lost = 1; lost <= limits.lossesAllMax; lost++) {
      await lose(stage, 2);
      await stage.advance(limits.backoffMaxMs);
    }
    expect(await stage.outcome('t1')).toMatchObject({
      state: 'dead',
      error: {
        name: 'WorkerLost',
        message: `${limits.lossesAllMax} workers were lost while they ran this task`,
      },
    });
  });

  test('die after three losses that they had alone', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    await lose(stage, 2);
    await stage.engine.cancel([{ taskId: 't2', reason: '' }]);
    for (let lost = 1; lost <= limits.lossesMax; lost++) {
      expect(await stage.state('t1')).not.toBe('dead');
      await lose(stage, 1);
      await stage.advance(limits.backoffMaxMs);
    }
    expect(await stage.state('t1')).toBe('dead');
  });

  test('wait longer each time that they were lost with others', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    await lose(stage, 2);
    expect(await stage.state('t1')).toBe('ready');
    await lose(stage, 2);
    expect(await stage.state('t1')).toBe('scheduled');
    await stage.advance(limits.backoffBaseMs);
    await lose(stage, 2);
    await stage.advance(limits.backoffBaseMs);
    const { tasks } = await stage.engine.listTasks({
      queue: 'q',
      name: undefined,
      state: 'scheduled',
      limit: 10,
      after: undefined,
      backward: undefined,
    });
    expect(tasks.length).toBeGreaterThan(0);
    await stage.advance(limits.backoffBaseMs);
    expect(idsOf(await stage.claim('a', 9)).toSorted()).toEqual(['t1', 't2']);
  });

  test('are not to blame for a worker that ran them in a process of their own', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    await lose(stage, 1);
    for (let lost = 1; lost <= limits.lossesMax + 1; lost++) {
      await lose(stage, 1, true);
      await stage.advance(limits.backoffMaxMs);
    }
    expect(await stage.state('t1')).toBe('ready');
    await stage.crash();
    stage.sessions('a');
    const [grant] = await stage.claim('a');
    expect(grant?.losses).toBe(limits.lossesMax + 2);
  });

  test('are blamed as before when the manager restarts in between', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    await lose(stage, 1);
    stage.sessions('doomed');
    await stage.claim('doomed', 1, undefined, true);
    await stage.flushed();
    await stage.crash();
    await stage.advance(15_000);
    await stage.advance(limits.backoffMaxMs);
    await lose(stage, 1);
    expect(await stage.state('t1')).toBe('ready');
    await lose(stage, 1);
    expect(await stage.state('t1')).toBe('dead');
    expect(await losses(stage, 't1')).toBe(4);
  });

  test('have their losses counted anew after a retry, also the excused ones', async () => {
    const stage = await open();
    await stage.enqueue(task('t1'), task('t2'));
    await lose(stage, 2);
    await stage.engine.cancel([{ taskId: 't2', reason: '' }]);
    for (let lost = 1; lost <= limits.lossesMax; lost++) {
      await lose(stage, 1);
      await stage.advance(limits.backoffMaxMs);
    }
    await stage.engine.retry([{ taskId: 't1', newTaskId: 't3' }]);
    for (let lost = 1; lost <= limits.lossesMax; lost++) {
      expect(await stage.state('t3')).not.toBe('dead');
      await lose(stage, 1);
      await stage.advance(limits.backoffMaxMs);
    }
    expect(await stage.state('t3')).toBe('dead');
  });
});
