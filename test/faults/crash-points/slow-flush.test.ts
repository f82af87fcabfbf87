import { readFileSync } from 'node:fs';
import { defineTask } from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Stage, stages } from '../../support/stage.ts';
import { pathsOf } from './store-files.ts';
import { attach, oneCommitter, straceMissing } from './strace.ts';

const openStage = stages();

const QUEUE = 'work';
const work = defineTask<number, number>('work', { queue: QUEUE });
/** Longer than the grace of a session without a connection. */
const STALL_MS = 2_200;
const US_PER_MS = 1_000;
const US_PER_S = 1_000_000;
const TASKS = 2;

if (straceMissing !== undefined) {
  console.log(`slow flushes: skipped: ${straceMissing}`);
}

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** The wall time, rounded down as in strace's log. The wall clock may be set while the test runs. */
const wallUs = (): number => Date.now() * US_PER_MS;

/** The flushes in strace's log, from call to return. A write to the manager's log is a flush. */
const flushesOf = (log: string): Span[] =>
  [...readFileSync(log, 'utf8').matchAll(/(\d+\.\d+) pwrite64\(.*<(\d+\.\d+)>/g)].map(
    ([, at, took]) => {
      const fromUs = Number(at) * US_PER_S;
      return { fromUs, toUs: fromUs + Number(took) * US_PER_S };
    },
  );

const statusSchema = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      losses: z.number(),
      regranted: z.number(),
      succeeded: z.number(),
    }),
  ),
});

const slowManager = async (stage: Stage): Promise<string> => {
  const manager = await stage.manager({ args: ['--queue', QUEUE], env: oneCommitter });
  const log = stage.path('flushes');
  const effect = `delay_enter=${STALL_MS * US_PER_MS}`;
  const paths = pathsOf(stage, 'log');
  await attach(stage, manager.pid, { syscall: 'pwrite64', effect, when: '1+', paths, log });
  return log;
};

test.skipIf(straceMissing !== undefined)(
  'on a disk that stalls at each flush, no answer is early, no lease is lost and no task runs twice',
  async () => {
    const stage = await openStage();
    const log = await slowManager(stage);
    const ranAtUs = new Map<string, number[]>();
    const worker = await Worker.start({
      url: stage.url,
      authkey: stage.authkey,
      handlers: [
        handler(work, (n, { taskId }) => {
          ranAtUs.set(taskId, [...(ranAtUs.get(taskId) ?? []), wallUs()]);
          return n;
        }),
      ],
    });
    const client = await stage.connect();
    const told: Span[] = [];
    for (let n = 0; n < TASKS; n++) {
      const fromUs = wallUs();
      const handle = await client.enqueue(work, n);
      told.push({ fromUs, toUs: wallUs() + US_PER_MS });
      expect(await handle.result()).toBe(n);
      const [ranUs = 0] = ranAtUs.get(handle.id) ?? [];
      told.push({ fromUs: ranUs, toUs: wallUs() + US_PER_MS });
    }
    const { queues } = statusSchema.parse(await client.status());
    expect(queues).toMatchObject([{ losses: 0, regranted: 0, succeeded: TASKS }]);
    expect([...ranAtUs.values()].flat()).toHaveLength(TASKS);

    // For each answer, a flush began after the enqueue or the run, and ended before the answer.
    // The task may have run before its result is asked for.
    const flushes = flushesOf(log);
    const early = told.filter(
      ({ fromUs, toUs }) => !flushes.some((flush) => flush.fromUs > fromUs && flush.toUs < toUs),
    );
    expect(early).toEqual([]);
    await worker.stop();
  },
);
