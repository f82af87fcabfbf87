import { expect, test } from 'vitest';
import { type Dealt, type EngineStage, task, UNAWAITED_WRITTEN_MS } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('the end of a run that nobody awaits', (open) => {
  const running = async (): Promise<{ stage: EngineStage; grant: Dealt }> => {
    const stage = await open();
    await stage.enqueue(task('t1'));
    const grant = await stage.claimOne('a');
    await stage.flushed();
    return { stage, grant };
  };

  const end = ({ engine }: EngineStage, { token }: Dealt): Promise<unknown> =>
    engine.settle({
      sessionId: 'a',
      reports: [{ ...token, kind: 'succeeded', result: undefined, error: undefined }],
    });

  test('shares the flush of the next change', async () => {
    const { grant, stage } = await running();
    const { commits } = stage.journal;
    const answers = end(stage, grant);
    await stage.enqueue(task('t2'));
    expect(await answers).toEqual(['accepted']);
    expect(stage.journal.commits).toBe(commits + 1);
    await stage.crash();
    expect(await stage.state('t1')).toBe('succeeded');
  });

  test('is flushed within milliseconds if no other change comes', async () => {
    const { grant, stage } = await running();
    const answers = end(stage, grant);
    stage.clock.runNext(stage.clock.monotonicMs() + UNAWAITED_WRITTEN_MS);
    expect(await answers).toEqual(['accepted']);
    await stage.crash();
    expect(await stage.state('t1')).toBe('succeeded');
  });

  test('is flushed at once for a reader, who sees it only when it is durable', async () => {
    const { grant, stage } = await running();
    stage.journal.hold();
    const answers = end(stage, grant);
    let isSeen = false;
    const seen = stage.state('t1').then((state) => {
      isSeen = true;
      return state;
    });
    await stage.journal.held();
    expect(isSeen).toBe(false);
    stage.journal.release();
    expect(await seen).toBe('succeeded');
    expect(await answers).toEqual(['accepted']);
  });
});
