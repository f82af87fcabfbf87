import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { faultSeed } from '../../support/environment.ts';
import { Random } from '../../support/random.ts';
import { type Stage, stages } from '../../support/stage.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { Peers } from './peers.ts';
import { echoTask, ITEMS_QUEUE, TASKS_QUEUE } from './tasks.ts';

const openStage = stages();
const args = ['--queue', TASKS_QUEUE, '--queue', ITEMS_QUEUE];
const TASKS = 20;
const HOUR_MS = 3_600_000;
const order = { n: 0, text: '' };

/** Loads a manager until it has acknowledged some tasks, and kills it. */
const killedUnderLoad = async (stage: Stage): Promise<Ledger> => {
  const manager = await stage.manager({ args });
  const ledger = new Ledger();
  const peers = await Peers.start(manager.url, stage.authkey, ledger);
  const load = new Load(peers.client, ledger, new Random(faultSeed()));
  const enough = new Promise<void>((resolve) => {
    ledger.onEnqueued = () => {
      if (ledger.taskCount >= TASKS) {
        resolve();
      }
    };
  });
  await load.run(enough);
  await manager.end('SIGKILL');
  await peers.close();
  return ledger;
};

test('the ledger reports every task that a store has forgotten', async () => {
  const stage = await openStage();
  const ledger = await killedUnderLoad(stage);
  await rm(stage.path('store'), { recursive: true });
  await stage.manager({ args });
  const missing = await ledger.missing(await stage.connect());
  expect(missing.length).toBeGreaterThanOrEqual(ledger.taskCount);
});

test('the ledger reports an outcome that differs from the one it recorded', async () => {
  const stage = await openStage();
  const ledger = await killedUnderLoad(stage);
  await stage.manager({ args });
  const client = await stage.connect();
  expect(await ledger.missing(client)).toEqual([]);
  const { id } = await client.enqueue(echoTask, order, { delayMs: HOUR_MS });
  await client.task(id).cancel();
  const other = new Ledger();
  other.enqueued(id, 'scheduled', order);
  other.ended(id, 'an outcome that this task never had');
  expect(await other.missing(client)).toHaveLength(1);
});
