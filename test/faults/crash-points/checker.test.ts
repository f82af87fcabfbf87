import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { faultSeed, Random } from '../../harness/random.ts';
import { type Stage, stages } from '../../harness/stage.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { Peers } from './peers.ts';
import { ITEMS_QUEUE, TASKS_QUEUE } from './tasks.ts';

const openStage = stages();
const args = ['--queue', TASKS_QUEUE, '--queue', ITEMS_QUEUE];
const TASKS = 20;

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

test('the ledger misses every task that a store has forgotten', async () => {
  const stage = await openStage();
  const ledger = await killedUnderLoad(stage);
  await rm(stage.path('store'), { recursive: true });
  await stage.manager({ args });
  const missing = await ledger.missing(await stage.connect());
  expect(missing.length).toBeGreaterThanOrEqual(ledger.taskCount);
});

test('the ledger misses an outcome that was told differently', async () => {
  const stage = await openStage();
  const ledger = await killedUnderLoad(stage);
  await stage.manager({ args });
  const client = await stage.connect();
  expect(await ledger.missing(client)).toEqual([]);
  const [taskId] = ledger.taskIds;
  ledger.ended(taskId ?? '', 'an outcome that no run returned');
  expect(await ledger.missing(client)).toHaveLength(1);
});
