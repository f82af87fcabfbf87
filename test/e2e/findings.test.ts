import { randomBytes } from 'node:crypto';
import type { Client } from '@millrace/client';
import {
  Connection,
  DEFAULT_KEY_ID,
  defineTask,
  dialManager,
  dialWebSocket,
  type Finding,
  heartbeatTimesOf,
  type Message,
  type PeerReport,
  systemClock,
} from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { refusalOf } from '../support/fixtures/refusal.ts';
import { SilentSockets } from '../support/silent-sockets.ts';
import { type Stage, stages } from '../support/stage.ts';
import { hopeless, inlinePlace } from './tasks.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);

let stage: Stage;
let client: Client;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  stage = await openStage();
  await stage.manager();
  client = await stage.connect();
});

afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

const findings = async (): Promise<readonly Finding[]> => (await client.status()).attention;

/** Waits for the first finding of this kind. */
const awaited = async (kind: Finding['kind']): Promise<Finding> => {
  for (;;) {
    const finding = (await findings()).find((each) => each.kind === kind);
    if (finding !== undefined) {
      return finding;
    }
  }
};

test('a task that dies is a finding until no dead task is kept', async () => {
  await stage.worker(handlers);
  const handle = await client.enqueue(hopeless, null);
  expect(await refusalOf(handle.result())).toMatchObject({ code: 'TASK_DEAD' });
  expect(await findings()).toMatchObject([
    {
      severity: 'warning',
      kind: 'tasks-dying',
      subject: 'default',
      message: "1 task of queue 'default' died within the last 5 min, of 1 that ended",
      command: 'millrace dead ls --queue default',
    },
  ]);
  const status = await stage.cli(['status']);
  expect([status.code, status.stdout.split('  ')[0]]).toEqual([1, 'WARNING (1)']);
  expect((await stage.cli(['dead', 'drop', '--queue', 'default'])).code).toBe(0);
  expect(await findings()).toEqual([]);
});

/** Stops a worker until a finding calls it silent; answers undefined if the manager called it lost first. */
const silentWhenStopped = async (worker: Child): Promise<Finding | undefined> => {
  worker.signal('SIGSTOP');
  for (;;) {
    const found = await findings();
    const kinds = found.map(({ kind }) => kind);
    expect(kinds).not.toContain('loop-blocked');
    if (kinds.includes('worker-silent') || kinds.includes('worker-lost')) {
      worker.signal('SIGCONT');
      return found.find(({ kind }) => kind === 'worker-silent');
    }
  }
};

test('a stopped process is silent, and its loop is not called blocked', async () => {
  const worker = await stage.worker(handlers, { name: 'stopped' });
  await client.run(inlinePlace, null);
  let finding = await silentWhenStopped(worker);
  // A worker is silent for one second before it is lost. A test that missed this second tries again.
  while (finding === undefined) {
    await expect.poll(findings).toEqual([]);
    finding = await silentWhenStopped(worker);
  }
  expect(finding).toMatchObject({ subject: 'stopped', command: 'millrace worker show stopped' });
  expect(finding.message).toContain(`pid ${worker.pid}) has not been heard for`);
});

test('a lost worker is listed and shown where the finding points', async () => {
  const worker = await stage.worker(handlers, { name: 'gone' });
  const shown = await stage.cli(['worker', 'show', 'gone']);
  expect(shown.stdout).toMatch(/handles +.*place\.inline \(queue default\)/);
  await worker.end('SIGKILL');
  const finding = await awaited('worker-lost');
  const listed = await stage.cli(finding.command.split(' ').slice(1));
  expect(listed.stdout).toMatch(new RegExp(`gone \\(lost\\) .* ${worker.pid} `));
  expect((await stage.cli(['worker', 'show', 'gone'])).stdout).toMatch(/state +lost/);
  const { stdout } = await stage.cli(['worker', 'ls', '--json']);
  expect(JSON.parse(stdout)).toMatchObject([{ name: 'gone', state: 'lost', pid: worker.pid }]);
});

const parent = defineTask<number, number>('parent');
const child = defineTask<number, number>('child');

test('parents that hold all slots of the pool that their children need are a finding', async () => {
  const worker = await Worker.start({
    url: stage.url,
    authkey: stage.authkey,
    name: 'family',
    drainMs: 1,
    handlers: [handler(parent, (n) => client.run(child, n)), handler(child, (n) => n)],
  });
  ends.push(() => worker.stop());
  await client.enqueueMany(
    parent,
    Array.from({ length: 10 }, (_, n) => n),
  );
  const finding = await awaited('pool-deadlocked');
  expect(finding).toMatchObject({
    severity: 'warning',
    subject: 'family',
    command: 'millrace worker show family',
  });
  expect(finding.message).toContain("its process awaits task 'child'");
});

/** A worker that says what it is told to say in each PONG. */
const reporting = async (report: PeerReport): Promise<Connection> => {
  const { limits, transport } = await dialManager({
    url: stage.url,
    key: { keyId: DEFAULT_KEY_ID, secret: Buffer.from(stage.authkey) },
    role: 'worker',
    clock: systemClock,
    randomBytes,
    dial: dialWebSocket,
  });
  let connection: Connection | undefined;
  const opened = new Promise<void>((resolve) => {
    connection = new Connection(
      {
        transport,
        side: 'dialler',
        clock: systemClock,
        heartbeat: heartbeatTimesOf(limits),
        messageMaxBytes: limits.messageMaxBytes,
        outboundMaxBytes: limits.messageMaxBytes,
        report: () => report,
      },
      {
        messages: (messages: readonly Message[]) => {
          if (messages.some(({ verb }) => verb === 'session')) {
            resolve();
          }
        },
        closed: () => {},
      },
    );
    connection.send({ verb: 'open', peer: { name: 'tired', host: 'here', pid: 7 } });
  });
  await opened;
  if (connection === undefined) {
    throw new Error('there is no connection');
  }
  const { close } = { close: connection.close.bind(connection) };
  ends.push(() => close('the test is over'));
  return connection;
};

test('slots that a worker has lost are counted, shown, and critical when none is left', async () => {
  const slot = { pool: 0, taskId: 't-1', queue: 'default', name: 'hang', lostForMs: 3_000 };
  await reporting({
    loopLagMs: 0,
    rssBytes: 1_000,
    slots: 2,
    busySlots: 2,
    lostSlots: 2,
    lost: [slot, { ...slot, taskId: 't-2', lostForMs: 2_000 }],
    blocked: undefined,
  });
  const finding = await awaited('slots-lost');
  expect(finding).toMatchObject({ severity: 'critical', subject: 'tired' });
  expect(finding.message).toContain(
    "lost 2 of 2 slots to attempts that do not end; the longest, task 'hang' (t-1)",
  );
  const lag = await stage.cli(['check', 'lag']);
  expect([lag.code, lag.stdout]).toEqual([2, expect.stringContaining('lag critical: worker')]);
  expect((await stage.cli(['worker', 'show', 'tired'])).stdout).toMatch(
    /slots +2 of 2 taken, 2 of them lost/,
  );
});

test('slots are taken by the tasks that a worker holds now, not by those of its last report', async () => {
  const gates: (() => void)[] = [];
  const worker = await Worker.start({
    url: stage.url,
    authkey: stage.authkey,
    drainMs: 1,
    handlers: [handler(child, (n) => new Promise<number>((done) => gates.push(() => done(n))))],
  });
  ends.push(() => worker.stop());
  await client.enqueueMany(child, [1, 2]);
  await expect.poll(async () => (await client.status()).workers[0]?.running).toBe(2);
  expect((await client.status()).workers).toMatchObject([{ running: 2, busySlots: 2, slots: 10 }]);
  for (const open of gates) {
    open();
  }
});

test('a task that is retried is counted once in the table', async () => {
  await client.enqueue(child, 1, { delayMs: 60_000 });
  const { stdout } = await stage.cli(['status']);
  const [, row = ''] = stdout.split('\n').filter((line) => /^(QUEUE|default)/.test(line));
  expect(row.split(/\s+/).slice(0, 6)).toEqual(['default', '0', '0', '1', '0', '0']);
});

test('a manager that runs out of open files says so, and goes on', async () => {
  const small = await openStage();
  const script = 'ulimit -n 280; exec "$0" "$@"';
  const manager = await small.manager({ under: ['bash', '-c', script] });
  const first = await small.connect();
  const sockets = await SilentSockets.open(manager.port, 300, { reopenMs: 100 });
  await expect
    .poll(async () => (await first.status()).attention)
    .toContainEqual(expect.objectContaining({ kind: 'files-scarce', severity: 'critical' }));
  sockets.close();
  await expect
    .poll(async () => (await first.status()).attention)
    .not.toContainEqual(expect.objectContaining({ kind: 'files-scarce' }));
});
