import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { ManualClock } from '../../protocol/src/testing/manual-clock.ts';
import { Manager } from './manager.ts';

/** Runs turns of a manager, while its time stands still, until `done` has settled. */
const until = async <T>(clock: ManualClock, done: Promise<T>): Promise<T> => {
  const end = done.then(
    () => true,
    () => true,
  );
  for (let isDone = false; !isDone; ) {
    isDone = await Promise.race([end, clock.settle().then(() => false)]);
  }
  return done;
};

const authkey = 'a shared secret';

test('a manager that cannot listen leaves nothing running', async () => {
  const first = new Manager({ port: 0, authkey });
  const { url } = await first.start();
  const clock = new ManualClock();
  const second = new Manager({ port: Number(new URL(url).port), authkey, clock });
  await expect(until(clock, second.start())).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  expect(clock.timersWaiting).toBe(0);
  await first.stop();
});

test('a manager that stops leaves nothing running', async () => {
  const clock = new ManualClock();
  const manager = new Manager({ port: 0, authkey, clock }).register('q');
  await until(clock, manager.start());
  await until(clock, manager.queue('q').put(1, { delayMs: 60_000 }));
  await until(clock, manager.stop());
  expect(clock.timersWaiting).toBe(0);
});

/** Resolves with the error code of a connection; undefined when it succeeds. */
const refusalOf = (url: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });

test('an idle connection to the HTTP port delays neither the goodbye nor the stop', async () => {
  const clock = new ManualClock();
  const manager = new Manager({ port: 0, authkey, clock, http: { port: 0 } });
  const { httpUrl = '', url } = await until(clock, manager.start());
  const silent = connect(Number(new URL(httpUrl).port), '127.0.0.1');
  await once(silent, 'connect');
  // The answer proves that the connection before it was accepted.
  await fetch(`${httpUrl}/livez`, { headers: { connection: 'close' } });
  const stopped = manager.stop();
  await clock.settle();
  expect(await refusalOf(url)).toBe('ECONNREFUSED');
  await clock.advance(limits.shutdownMaxMs);
  await until(clock, stopped);
  silent.destroy();
});

test('items leased by the process of the manager go back to their queue when it stops', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-manager-'));
  const before = new Manager({ port: 0, authkey, dataDir }).register('q');
  await before.start();
  await before.queue('q').put('item');
  await before.queue('q').lease();
  expect(before.status().queues).toMatchObject([{ ready: 0, running: 1 }]);
  await before.stop();
  const after = new Manager({ port: 0, authkey, dataDir }).register('q');
  await after.start();
  expect(after.status().queues).toMatchObject([{ ready: 1, running: 0, losses: 0 }]);
  await after.stop();
  await rm(dataDir, { recursive: true });
});

test('an option that is undefined has its default', async () => {
  const unset: object = { restartGraceMs: undefined, randomBytes: undefined, clock: undefined };
  const manager = new Manager({ port: 0, authkey, ...unset }).register('q');
  await manager.start();
  const queue = manager.queue('q');
  await queue.put('later', { delayMs: 1 });
  expect(await queue.get()).toBe('later');
  await manager.stop();
});

test.each(['restartGraceMs', 'retainMaxBytes', 'payloadMaxBytes', 'port'])(
  '%s is a whole number',
  (name) => {
    for (const value of [-1, 0.5, Number.NaN]) {
      expect(() => new Manager({ authkey, [name]: value })).toThrow(name);
    }
  },
);

test.each(['in memory', 'on disk'])(
  'a queue of a stopped manager (%s) rejects all calls, and the store has not failed',
  async (where) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-manager-'));
    const place = where === 'on disk' ? { dataDir } : {};
    const manager = new Manager({ port: 0, authkey, ...place }).register('q');
    await manager.start();
    const queue = manager.queue('q');
    await manager.stop();
    await expect(queue.put(1)).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await expect(queue.get({ timeoutMs: 1 })).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await expect(queue.size()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(await Promise.race([manager.failed, Promise.resolve('has not failed')])).toBe(
      'has not failed',
    );
    await rm(dataDir, { recursive: true });
  },
);

test('two calls of start at once are one start', async () => {
  const manager = new Manager({ port: 0, authkey });
  const [first, second] = await Promise.all([manager.start(), manager.start()]);
  expect(second).toEqual(first);
  await manager.stop();
  expect(await refusalOf(first.url)).toBe('ECONNREFUSED');
});

test('a manager that is stopped during its start ends stopped', async () => {
  const manager = new Manager({ port: 0, authkey });
  const starting = manager.start();
  await manager.stop();
  expect(await refusalOf((await starting).url)).toBe('ECONNREFUSED');
});

test('queues in the store count towards the most queues', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-manager-'));
  const before = new Manager({ port: 0, authkey, dataDir, autoQueues: true });
  await before.start();
  await before.queue('before').put(1);
  await before.stop();
  const after = new Manager({ port: 0, authkey, dataDir, autoQueues: true });
  for (let n = 1; n < limits.queuesMax; n++) {
    after.register(`q${n}`);
  }
  await after.start();
  await expect(after.queue('another').put(1)).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
  expect(() => after.register('another')).toThrow('one too many');
  expect(await after.queue('before').get()).toBe(1);
  await after.stop();
  await rm(dataDir, { recursive: true });
});
