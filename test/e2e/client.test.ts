import { connect, defineTask, handler, Manager, Worker } from 'millrace';
import { expect, test } from 'vitest';

const authkey = 'a shared secret';
const double = defineTask<number, number>('double', { queue: 'tasks' });

/** A manager in memory: each start has a store of its own. */
const startManager = async (port: number) => {
  const manager = new Manager({ port, authkey });
  manager.register('tasks', {});
  manager.register('items', {});
  const { url } = await manager.start();
  return { manager, url };
};

test('clients and workers go on with a manager that has another store', async () => {
  const { manager: first, url } = await startManager(0);
  const client = await connect({ url, authkey });
  const handlers = [handler(double, (n) => n * 2)];
  const worker = await Worker.start({ url, authkey, handlers });
  expect(await client.run(double, 1)).toBe(2);
  await client.queue('items').put('held');
  const held = await client.queue('items').lease();
  await first.stop();

  const { manager: second } = await startManager(Number(new URL(url).port));
  expect(await client.run(double, 2)).toBe(4);
  await expect(held.ack()).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await worker.stop();
  await client.close();
  await second.stop();
});

test('an item that comes while its taker says goodbye goes to one only', async () => {
  const { manager, url } = await startManager(0);
  const items = manager.queue<number>('items');
  let taken = 0;
  for (let n = 0; n < 20; n++) {
    const client = await connect({ url, authkey });
    const got = client
      .queue<number>('items')
      .get()
      .catch(() => undefined);
    await items.put(n);
    await client.close();
    taken += (await got) === undefined ? 0 : 1;
  }
  const { leased, ready } = await items.size();
  expect({ leased, all: ready + taken }).toEqual({ leased: 0, all: 20 });
  await manager.stop();
});

test('an option that is undefined leaves what the definition says', async () => {
  const { manager, url } = await startManager(0);
  const client = await connect({ url, authkey });
  const urgent = defineTask<number, number>('urgent', { queue: 'tasks', priority: 7 });
  const options: object = { priority: undefined };
  const task = await client.enqueue(urgent, 1, options);
  expect((await task.inspect()).priority).toBe(7);
  await client.close();
  await manager.stop();
});
