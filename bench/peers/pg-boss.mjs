/**
 * pg-boss's two ends. Frozen, so that results stay comparable.
 *
 * Jobs are inserted, fetched and completed in whole batches, see
 * https://timgit.github.io/pg-boss/#/./api/jobs. pg-boss's own `work` is not used,
 * because it fetches at most one batch each half second. A worker that finds no jobs
 * polls again after half a second, the least that `pollingIntervalSeconds` allows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import PgBoss from 'pg-boss';

const NAME = 'bench';
const CONNECTIONS = 20;
const BATCH = 1_000;
const FETCHERS = 2;
const POLL_MS = 500;

const connect = async (connectionString) => {
  const boss = new PgBoss({
    connectionString,
    max: CONNECTIONS,
    supervise: false,
    schedule: false,
  });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(NAME);
  return boss;
};

export const producer = async (address) => {
  const boss = await connect(address);
  return {
    enqueue: (payload) => boss.send(NAME, payload),
    enqueueMany: (payloads) => boss.insert(payloads.map((data) => ({ name: NAME, data }))),
    close: () => boss.stop({ graceful: false }),
  };
};

export const worker = async (address, _slots, handle) => {
  const boss = await connect(address);
  const stopping = new AbortController();
  const workOff = async () => {
    const jobs = await boss.fetch(NAME, { batchSize: BATCH });
    for (const { data } of jobs) {
      handle(data);
    }
    if (jobs.length > 0) {
      await boss.complete(
        NAME,
        jobs.map(({ id }) => id),
      );
    } else {
      await sleep(POLL_MS);
    }
  };
  const loop = async () => {
    while (!stopping.signal.aborted) {
      await workOff();
    }
  };
  const loops = Array.from({ length: FETCHERS }, loop);
  return {
    close: async () => {
      stopping.abort();
      await Promise.all(loops);
      await boss.stop({ graceful: false });
    },
  };
};
