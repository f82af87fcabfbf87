import { fileURLToPath } from 'node:url';
import { connect, defineTask, handler, Manager, Worker } from 'millrace';
import { afterEach, expect, test, vi } from 'vitest';
import { stages } from '../support/stage.ts';

const authkey = 'a shared secret';
const double = defineTask<number, number>('double', { queue: 'tasks' });
const openStage = stages();

afterEach(() => vi.useRealTimers());

/** A manager in memory with a worker that doubles. */
const startAll = async () => {
  const manager = new Manager({ port: 0, authkey });
  manager.register('tasks', {});
  const { url } = await manager.start();
  const worker = await Worker.start({ url, authkey, handlers: [handler(double, (n) => n * 2)] });
  const stop = async (): Promise<void> => {
    await worker.stop();
    await manager.stop();
  };
  return { url, stop };
};

test('calls are answered while the timers of a test are faked, and afterwards', async () => {
  const { stop, url } = await startAll();
  const client = await connect({ url, authkey });
  vi.useFakeTimers();
  const duringFakes = client.run(double, 1, { timeoutMs: 50_000 });
  // A day of the test's own time ends no wait of the client.
  vi.advanceTimersByTime(24 * 3_600_000);
  expect(await duringFakes).toBe(2);
  const another = await connect({ url, authkey });
  vi.useRealTimers();
  expect(await client.run(double, 2)).toBe(4);
  expect(await another.run(double, 3)).toBe(6);
  const later = await connect({ url, authkey });
  expect(await later.run(double, 4)).toBe(8);
  await Promise.all([client.close(), another.close(), later.close()]);
  await stop();
});

test('a call that is sent in the turn in which the timers are faked still leaves', async () => {
  const { stop, url } = await startAll();
  const client = await connect({ url, authkey });
  vi.useFakeTimers();
  const sent = client.run(double, 1);
  vi.useRealTimers();
  expect(await sent).toBe(2);
  await client.close();
  await stop();
});

test('a timeout of a call is real time, whatever the test does with the clock', async () => {
  const { stop, url } = await startAll();
  const client = await connect({ url, authkey });
  vi.useFakeTimers();
  await expect(client.queue('tasks').get({ timeoutMs: 20 })).rejects.toMatchObject({
    code: 'QUEUE_EMPTY',
  });
  vi.useRealTimers();
  await client.close();
  await stop();
});

test('a client works in a process whose global timers are all dead', async () => {
  const { stop, url } = await startAll();
  const stage = await openStage();
  const preload = new URL('../support/fixtures/dead-timers.mjs', import.meta.url).href;
  const app = fileURLToPath(new URL('../support/fixtures/ask-double.mjs', import.meta.url));
  const child = stage.program('app', [process.execPath, '--import', preload, app, url, authkey]);
  await child.line(/^doubled 42$/);
  expect((await child.closed).code).toBe(0);
  await stop();
});
