import { limits } from '@millrace/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Beacon, Lighthouse } from '../support/fixtures/lighthouse.ts';
import { InterruptedProxy } from '../support/interrupted-proxy.ts';
import { type Stage, stages } from '../support/stage.ts';
import { inlineWait } from './kill-tasks.ts';

const openStage = stages();
const handlers = new URL('kill-handlers.ts', import.meta.url);

const WORKERS = 4;
const TASKS_EACH = 2;
const OUTAGES_MS = [300, 1_500, limits.resumeGraceMs - 1_000];

let stage: Stage;
let lighthouse: Lighthouse;
let proxy: InterruptedProxy;

beforeEach(async () => {
  stage = await openStage();
  lighthouse = await Lighthouse.open();
  const manager = await stage.manager();
  proxy = await InterruptedProxy.open(manager.port);
});

afterEach(async () => {
  proxy.goAway();
  await lighthouse.close();
});

/** The length of an outage is what the test is about, not a time that it waits for something else. */
const lasts = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a proxy that is gone for less than the grace, again and again, costs no lease', async () => {
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) =>
      stage.worker(handlers, {
        name: `worker-${index}`,
        env: { TEST_WORKER: `worker-${index}`, MILLRACE_URL: proxy.url },
      }),
    ),
  );
  const client = await stage.connect();
  const inputs = Array.from({ length: WORKERS * TASKS_EACH }, () => ({ path: lighthouse.path }));
  const tasks = await client.enqueueMany(inlineWait, inputs);
  const beacons: Beacon[] = [];
  for (const _ of tasks) {
    beacons.push(await lighthouse.next());
  }
  for (const outageMs of OUTAGES_MS) {
    const returned = workers.map((worker) => worker.nextLine(/connected to ws/));
    proxy.goAway();
    await lasts(outageMs);
    await proxy.comeBack();
    await Promise.all(returned);
  }
  for (const beacon of beacons) {
    beacon.release();
  }
  for (const task of tasks) {
    await task.result({ timeoutMs: 30_000 });
    expect(await task.inspect()).toMatchObject({ state: 'succeeded', grant: 1, losses: 0 });
  }
});
