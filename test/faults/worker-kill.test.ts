import type { Client, TaskHandle } from '@millrace/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { type Beacon, Lighthouse } from '../support/fixtures/lighthouse.ts';
import { type ManagerChild, type Stage, stages } from '../support/stage.ts';
import { inlineWait, processWait, type RanBy } from './kill-tasks.ts';

const openStage = stages();
const handlers = new URL('kill-handlers.ts', import.meta.url);

let stage: Stage;
let lighthouse: Lighthouse;
let client: Client;
let manager: ManagerChild;

beforeEach(async () => {
  stage = await openStage();
  lighthouse = await Lighthouse.open();
  manager = await stage.manager();
  client = await stage.connect();
});

afterEach(async () => {
  await lighthouse.close();
});

const startWorker = (name: string): Promise<Child> =>
  stage.worker(handlers, { name, env: { TEST_WORKER: name } });

/** Waits for `count` handlers to signal, all in this worker. @returns their beacons by task id */
const running = async (worker: string, count: number): Promise<Map<string, Beacon>> => {
  const beacons = new Map<string, Beacon>();
  for (let n = 0; n < count; n++) {
    const beacon = await lighthouse.next();
    const [where, taskId = ''] = beacon.text.split(' ');
    expect(where).toBe(worker);
    beacons.set(taskId, beacon);
  }
  return beacons;
};

const enqueueBothKinds = async (): Promise<TaskHandle<RanBy>[]> => {
  const at = { path: lighthouse.path };
  return [
    ...(await client.enqueueMany(inlineWait, [at, at])),
    ...(await client.enqueueMany(processWait, [at, at])),
  ];
};

/** Waits until the manager calls a worker lost because its socket ended, not because it was silent. */
const lostAtOnce = async (): Promise<void> => {
  for (let kinds: string[] = []; !kinds.includes('worker-lost'); ) {
    kinds = (await client.status()).attention.map(({ kind }) => kind);
    expect(kinds).not.toContain('worker-silent');
  }
};

const release = (beacons: ReadonlyMap<string, Beacon>): void => {
  for (const beacon of beacons.values()) {
    beacon.release();
  }
};

test('the tasks of a killed worker run elsewhere soon after its grace, under a higher grant', async () => {
  const first = await startWorker('first');
  const tasks = await enqueueBothKinds();
  const before = await running('first', tasks.length);
  await startWorker('second');

  const killedAtMs = performance.now();
  first.signal('SIGKILL');
  await lostAtOnce();
  const again = await running('second', tasks.length);
  const tookMs = performance.now() - killedAtMs;
  console.log(`the tasks of a killed worker ran again after ${Math.round(tookMs)} ms`);
  expect([...again.keys()].toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());

  // Processes that the worker started die with it.
  await Promise.all([...before.values()].map((beacon) => beacon.gone));
  for (const task of tasks) {
    expect(await task.inspect()).toMatchObject({
      state: 'leased',
      grant: 2,
      losses: 1,
      failures: 0,
    });
  }
  release(again);
  const other = await stage.connect();
  for (const task of tasks) {
    expect(await task.result()).toEqual({ worker: 'second' });
    expect(await other.task(task.id).result()).toEqual({ worker: 'second' });
    expect(await task.inspect()).toMatchObject({ state: 'succeeded', grant: 2 });
  }
});

test('the tasks of a frozen worker run elsewhere, and its reports are refused when it continues', async () => {
  const first = await startWorker('first');
  const tasks = await enqueueBothKinds();
  const before = await running('first', tasks.length);
  await startWorker('second');

  first.signal('SIGSTOP');
  const again = await running('second', tasks.length);
  release(again);
  for (const task of tasks) {
    expect(await task.result()).toEqual({ worker: 'second' });
  }

  // One task ends after the worker knows that its lease is lost; the others end before.
  const [early = '', late = ''] = tasks.map(({ id }) => id);
  const released = tasks.map(({ id }) => id).filter((id) => id !== late);
  for (const id of released) {
    before.get(id)?.release();
  }
  first.signal('SIGCONT');
  for (const { id } of tasks) {
    await first.line(new RegExp(`"task":"${id}".*the lease of a task was lost`));
  }
  before.get(late)?.release();
  await Promise.all([...before.values()].map((beacon) => beacon.gone));
  expect(early).not.toBe('');

  // The worker takes new tasks again.
  const more = await client.enqueueMany(
    inlineWait,
    Array.from({ length: 20 }, () => ({ path: lighthouse.path })),
  );
  // One worker alone has too few slots to run them at the same time.
  const beacons = await Promise.all(more.map(() => lighthouse.next()));
  const workers = new Set(beacons.map(({ text }) => text.split(' ')[0]));
  expect(workers).toEqual(new Set(['first', 'second']));
  for (const beacon of beacons) {
    beacon.release();
  }
  await Promise.all(more.map((task) => task.result()));
  const other = await stage.connect();
  for (const task of tasks) {
    expect(await other.task(task.id).result()).toEqual({ worker: 'second' });
  }
});

test('a manager that is frozen until its workers give it up takes no lease from them when it continues', async () => {
  const worker = await startWorker('first');
  const tasks = await enqueueBothKinds();
  const before = await running('first', tasks.length);
  const givenUp = worker.nextLine(/no connection \(/);
  manager.signal('SIGSTOP');
  await givenUp;
  const back = worker.nextLine(/connected to ws/);
  manager.signal('SIGCONT');
  await back;
  release(before);
  for (const task of tasks) {
    expect(await task.result({ timeoutMs: 30_000 })).toEqual({ worker: 'first' });
    expect(await task.inspect()).toMatchObject({ state: 'succeeded', grant: 1, losses: 0 });
  }
});
