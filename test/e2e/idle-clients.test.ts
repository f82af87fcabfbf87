import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { numberFrom } from '../support/environment.ts';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { Relay } from '../support/relay.ts';
import { stages } from '../support/stage.ts';
import { waiting } from './tasks.ts';

const openStage = stages();

/** 20,000 by `npm run idle-clients`. */
const CLIENTS = numberFrom('IDLE_CLIENTS', 2_000);
/** Clients that talk at the same time. */
const PROGRESS = 1_000;
const IDLE_MS = 2_000;
const TEST_MAX_MS = 900_000;

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

test(`${CLIENTS} clients that have nothing to say hold no descriptor, and each is answered when it has`, {
  timeout: TEST_MAX_MS,
}, async () => {
  const stage = await openStage();
  const { pid } = await stage.manager({
    env: {
      MILLRACE_IDLE_SESSION_MS: String(IDLE_MS),
      MILLRACE_SESSIONS_MAX: String(2 * CLIENTS),
      MILLRACE_SESSIONS_PER_KEY_MAX: String(2 * CLIENTS),
      MILLRACE_SESSIONS_PER_ADDRESS_MAX: String(2 * CLIENTS),
    },
  });
  const talker = await stage.connect();
  const before = descriptorsOf(pid);
  const script = new URL('../support/idle-clients.ts', import.meta.url);
  const clients = stage.script('idle-clients', script, [String(CLIENTS)]);
  for (let connected = PROGRESS; connected <= CLIENTS; connected += PROGRESS) {
    await clients.line(new RegExp(`^${connected} of them`));
  }
  await clients.line(/clients are connected/);
  const allAreAway = async (): Promise<void> => {
    await expect
      .poll(async () => (await talker.status()).clients, { timeout: TEST_MAX_MS, interval: 100 })
      .toBe(1);
    // A connection that was ended in peace is closed within a moment.
    await expect.poll(() => descriptorsOf(pid)).toBeLessThanOrEqual(before);
  };
  await allAreAway();
  for (let round = 0; round < 2; round++) {
    for (let from = 0; from < CLIENTS; from += PROGRESS) {
      const answered = clients.nextLine(new RegExp(`^${PROGRESS} answered.*`));
      clients.process.send({ from, to: from + PROGRESS });
      console.log((await answered)[0]);
    }
    await allAreAway();
  }
  const { connections } = await talker.status();
  expect(connections).toMatchObject({ refusedSessions: 0, refused: 0, evicted: 0 });
  expect(connections.dismissed).toBeGreaterThanOrEqual(3 * CLIENTS);
  expect(clients.stderr).toEqual([]);
  console.log(`${descriptorsOf(pid)} descriptors of the manager, ${before} before`);
});

test('a worker, a waiting get, a leased item and an awaited result keep their peers', async () => {
  const stage = await openStage();
  await stage.manager({ env: { MILLRACE_IDLE_SESSION_MS: '1000' } });
  await stage.worker(new URL('handlers.ts', import.meta.url));
  const talker = await stage.connect();
  const [getter, holder, awaiter] = await Promise.all([
    stage.connect(),
    stage.connect(),
    stage.connect(),
  ]);
  await talker.queue('default').put('held');
  const item = await holder.queue('default').lease();
  const got = getter.queue('default').get();
  const lighthouse = await Lighthouse.open();
  const handle = await awaiter.enqueue(waiting, { path: lighthouse.path });
  const result = handle.result();
  const ship = await lighthouse.next();
  // Others come, say nothing and leave, one after another.
  for (const dismissed of [1, 2, 3]) {
    await stage.connect();
    await expect.poll(async () => (await talker.status()).connections.dismissed).toBe(dismissed);
  }
  const status = await talker.status();
  expect([status.clients, status.workers.length]).toEqual([4, 1]);
  ship.release();
  expect(await result).toBe('released');
  await item.ack();
  await talker.queue('default').put('last');
  expect(await got).toBe('last');
  await lighthouse.close();
});

test('a handshake that nobody has to wait for twice precedes the first answer after idleness', async () => {
  const stage = await openStage();
  await stage.manager({ env: { MILLRACE_IDLE_SESSION_MS: '1000' } });
  const talker = await stage.connect();
  const relay = await Relay.open(Number(new URL(stage.url).port));
  const client = await stage.connect({ url: relay.url });
  await expect.poll(async () => (await talker.status()).clients).toBe(1);
  const before = relay.accepted;
  await Promise.all(Array.from({ length: 100 }, () => client.queue('default').size()));
  expect(relay.accepted).toBe(before + 1);
  relay.close();
});

/** More than may be without a key at a time from one address. */
const RETURNING = 600;

test(`${RETURNING} idle clients all come back to a manager that was killed`, async () => {
  const stage = await openStage();
  const manager = await stage.manager();
  const script = new URL('../support/idle-clients.ts', import.meta.url);
  const clients = stage.script('idle-clients', script, [String(RETURNING)]);
  await clients.line(/clients are connected/);
  await manager.end('SIGKILL');
  await stage.manager({ port: manager.port });
  const talker = await stage.connect();
  await expect.poll(async () => (await talker.status()).clients).toBe(RETURNING + 1);
  const answered = clients.nextLine(new RegExp(`^${RETURNING} answered`));
  clients.process.send({ from: 0, to: RETURNING });
  await answered;
  expect((await talker.status()).connections).toMatchObject({ refusedSessions: 0, dismissed: 0 });
  expect(clients.stderr).toEqual([]);
});
