import type { ListRequest, TaskSummary } from '@millrace/manager/internals';
import { expect } from 'vitest';
import { type EngineStage, failure, item, task } from './engine-stage.ts';

const DAY_MS = 86_400_000;

export const everything: ListRequest = {
  queue: undefined,
  name: undefined,
  state: undefined,
  limit: 100,
  after: undefined,
  backward: undefined,
};

/** The tasks on all pages of a listing, and the number of pages. */
export const listAll = async (
  { engine }: EngineStage,
  request: Partial<ListRequest> = {},
): Promise<{ readonly tasks: TaskSummary[]; readonly pages: number }> => {
  const tasks: TaskSummary[] = [];
  let pages = 0;
  for (let after: string | undefined; ; ) {
    const page = await engine.listTasks({ ...everything, ...request, after });
    tasks.push(...page.tasks);
    pages += 1;
    if (page.next === undefined) {
      return { tasks, pages };
    }
    after = page.next;
  }
};

export const listIds = async (
  stage: EngineStage,
  request: Partial<ListRequest> = {},
): Promise<string[]> => (await listAll(stage, request)).tasks.map(({ taskId }) => taskId);

/** Lets the next tasks of the queue, which must have these ids, fail so that they are dead. */
export const kill = async (stage: EngineStage, ...taskIds: readonly string[]): Promise<void> => {
  for (const grant of await stage.claim('a', taskIds.length)) {
    const error = failure(`no hope for ${grant.token.taskId}`, false);
    expect(taskIds).toContain(grant.token.taskId);
    await stage.settle('a', grant, 'failed', { error });
  }
};

/** Makes one task in each state, whose id is the state, and one item. */
export const oneOfEach = async (stage: EngineStage): Promise<void> => {
  await stage.enqueue(task('dead'), task('succeeded'), task('leased'), task('retrying'));
  await kill(stage, 'dead');
  await stage.settle('a', await stage.claimOne('a'), 'succeeded');
  await stage.claimOne('a');
  await stage.settle('a', await stage.claimOne('a'), 'failed', { error: failure('no') });
  await stage.enqueue(task('expired', { expiresInMs: 1 }), task('cancelled'));
  await stage.advance(1);
  await stage.cancel('cancelled');
  await stage.enqueue(task('ready'), task('scheduled', { delayMs: DAY_MS }), item('item'));
};
