import { expect, test } from 'vitest';
import { bytes, type EngineStage, failure, task, text } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

const die = async (
  stage: EngineStage,
  taskId: string,
  message: string,
  stack = '',
): Promise<void> => {
  await stage.enqueue(task(taskId, { attempts: 1 }));
  const error = { ...failure(message), stack };
  await stage.settle('a', await stage.claimOne('a'), 'failed', { error });
};

const all = { queue: undefined, name: undefined, after: undefined };

const groupsOf = async (stage: EngineStage) => (await stage.engine.deadGroups(all)).groups;

onEachEngine('groups of dead tasks', (open) => {
  test('differ in message and first frame, and not in numbers', async () => {
    const stage = await open();
    await die(stage, 't1', 'user 1 is gone', 'Error: user 1 is gone\n    at find (users.js:7:9)');
    await stage.advance(5_000);
    await die(stage, 't2', 'user 23 is gone', 'Error: user 23 is gone\n    at find (users.js:8:9)');
    await die(stage, 't3', 'user 23 is gone', 'Error: user 23 is gone\n    at seek (users.js:8:9)');
    await die(stage, 't4', 'other');
    const groups = await groupsOf(stage);
    expect(groups.map(({ count }) => count)).toEqual([2, 1, 1]);
    expect(new Set(groups.map(({ fingerprint }) => fingerprint)).size).toBe(3);
    expect(groups[0]).toMatchObject({
      queue: 'q',
      name: 'work',
      error: { message: 'user 23 is gone' },
      firstAgoMs: 5_000,
      lastAgoMs: 0,
    });
  });

  test('have the same name after a restart, and a listing finds their tasks by it', async () => {
    const stage = await open();
    await die(stage, 't1', 'one');
    await die(stage, 't2', 'other');
    const [first] = await groupsOf(stage);
    await stage.reopen();
    const fingerprint = first?.fingerprint ?? '';
    const request = { ...all, state: 'dead', limit: 10, backward: false, fingerprint } as const;
    const { tasks } = await stage.engine.listTasks(request);
    expect(tasks.map(({ taskId }) => taskId)).toEqual(['t1']);
    const others = { ...all, state: 'ready', limit: 10, backward: false, fingerprint } as const;
    expect((await stage.engine.listTasks(others)).tasks).toEqual([]);
  });

  test('lose the tasks that are retried, whose new payload is other work', async () => {
    const stage = await open();
    await die(stage, 't1', 'one');
    await die(stage, 't2', 'one');
    await stage.engine.retry([{ taskId: 't1', newTaskId: 't3', payload: bytes('better') }]);
    expect(await groupsOf(stage)).toMatchObject([{ count: 1 }]);
    const grant = await stage.claimOne('a');
    expect(text(grant.payload)).toBe('better');
    expect(await stage.engine.retry([{ taskId: 't2', newTaskId: 't4' }])).toEqual(['retried']);
  });
});
