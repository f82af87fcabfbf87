import { codeOf } from '@millrace/protocol';
import {
  type Client,
  connect,
  defineTask,
  handler,
  Manager,
  MillraceError,
  Worker,
} from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const authkey = 'for callers without types';
const manager = new Manager({ port: 0, authkey });
const task = defineTask('task');
let url: string;
let client: Client;

beforeAll(async () => {
  manager.register('default');
  ({ url } = await manager.start());
  client = await connect({ url, authkey });
});

afterAll(async () => {
  await client.close();
  await manager.stop();
});

/** A value of a wrong type, as a caller without types may pass it. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the compiler would refuse is the subject of these tests
const untyped = (value: unknown): never => value as never;

/** Calls in which one argument or option has a wrong type. */
const calls: Record<string, (wrong: never) => unknown> = {
  'defineTask name': (wrong) => defineTask(wrong),
  'defineTask options': (wrong) => defineTask('t', wrong),
  'defineTask queue': (wrong) => defineTask('t', { queue: wrong }),
  'defineTask input': (wrong) => defineTask('t', { input: wrong }),
  'defineTask output': (wrong) => defineTask('t', { output: wrong }),
  'defineTask priority': (wrong) => defineTask('t', { priority: wrong }),
  'handler task': (wrong) => handler(wrong, () => 1),
  'handler function': (wrong) => handler(task, wrong),
  'handler options': (wrong) => handler(task, () => 1, wrong),
  'handler runner': (wrong) => handler(task, () => 1, { runner: wrong }),
  'handler concurrency': (wrong) => handler(task, () => 1, { concurrency: wrong }),
  'connect options': (wrong) => connect(wrong),
  'connect name': (wrong) => connect({ url, authkey, name: wrong }),
  'connect waitMs': (wrong) => connect({ url, authkey, waitMs: wrong }),
  'connect timeoutMs': (wrong) => connect({ url, authkey, timeoutMs: wrong }),
  'connect signal': (wrong) => connect({ url, authkey, signal: wrong }),
  'enqueue task': (wrong) => client.enqueue(wrong, 1),
  'enqueue options': (wrong) => client.enqueue(task, 1, wrong),
  'enqueue timeoutMs': (wrong) => client.enqueue(task, 1, { timeoutMs: wrong }),
  'enqueue signal': (wrong) => client.enqueue(task, 1, { signal: wrong }),
  'enqueue priority': (wrong) => client.enqueue(task, 1, { priority: wrong }),
  'enqueueMany payloads': (wrong) => client.enqueueMany(task, wrong),
  'run task': (wrong) => client.run(wrong, 1),
  'run options': (wrong) => client.run(task, 1, wrong),
  'task priority': (wrong) => client.task('t').setPriority(wrong),
  'task id': (wrong) => client.task(wrong),
  'result options': (wrong) => client.task('id').result(wrong),
  'cancel reason': (wrong) => client.task('id').cancel(wrong),
  'cancel options': (wrong) => client.task('id').cancel('why', wrong),
  'inspect options': (wrong) => client.task('id').inspect(wrong),
  'retry options': (wrong) => client.task('id').retry(wrong),
  'drop options': (wrong) => client.task('id').drop(wrong),
  'listTasks options': (wrong) => client.listTasks(wrong),
  'listTasks queue': (wrong) => client.listTasks({ queue: wrong }),
  'listTasks name': (wrong) => client.listTasks({ name: wrong }),
  'listTasks state': (wrong) => client.listTasks({ state: wrong }),
  'listTasks after': (wrong) => client.listTasks({ after: wrong }),
  'retryAll options': (wrong) => client.retryAll({}, wrong),
  'dropAll queue': (wrong) => client.dropAll({ queue: wrong }),
  'drainWorker name': (wrong) => client.drainWorker(wrong),
  'schedule name': (wrong) => client.schedule(wrong, { everyMs: 5_000, task, input: 1 }),
  'schedule schedule': (wrong) => client.schedule('s', wrong),
  'schedule task': (wrong) => client.schedule('s', { everyMs: 5_000, task: wrong, input: 1 }),
  'schedule everyMs': (wrong) => client.schedule('s', { everyMs: wrong, task, input: 1 }),
  'schedule cron': (wrong) => client.schedule('s', { cron: wrong, task, input: 1 }),
  'schedule startAt': (wrong) =>
    client.schedule('s', { everyMs: 5_000, task, input: 1, startAt: wrong }),
  'schedule options': (wrong) =>
    client.schedule('s', { everyMs: 5_000, task, input: 1, options: wrong }),
  'schedule call': (wrong) => client.schedule('s', { everyMs: 5_000, task, input: 1 }, wrong),
  'showSchedule name': (wrong) => client.showSchedule(wrong),
  'pauseSchedule options': (wrong) => client.pauseSchedule('s', wrong),
  'runSchedule options': (wrong) => client.runSchedule('s', wrong),
  'removeSchedule name': (wrong) => client.removeSchedule(wrong),
  'status options': (wrong) => client.status(wrong),
  'queue name': (wrong) => client.queue(wrong),
  'put options': (wrong) => client.queue('default').put(1, wrong),
  'get options': (wrong) => client.queue('default').get(wrong),
  'lease options': (wrong) => client.queue('default').lease(wrong),
  'size options': (wrong) => client.queue('default').size(wrong),
  'pause options': (wrong) => client.queue('default').pause(wrong),
  'purge options': (wrong) => client.queue('default').purge(wrong),
  'Manager options': (wrong) => new Manager(wrong),
  'Manager authkey': (wrong) => new Manager({ authkey: wrong }),
  'Manager host': (wrong) => new Manager({ authkey, host: wrong }),
  'Manager http': (wrong) => new Manager({ authkey, http: wrong }),
  'Manager log': (wrong) => new Manager({ authkey, log: wrong }),
  'Manager port': (wrong) => new Manager({ authkey, port: wrong }),
  'register name': (wrong) => manager.register(wrong),
  'register options': (wrong) => manager.register('q', wrong),
  'register order': (wrong) => manager.register('q', { order: wrong }),
  'register maxItems': (wrong) => manager.register('q', { maxItems: wrong }),
  'Worker options': (wrong) => Worker.start(wrong),
  'Worker url': (wrong) => Worker.start({ url: wrong, authkey, handlers: [] }),
  'Worker authkey': (wrong) => Worker.start({ url, authkey: wrong, handlers: [] }),
  'Worker name': (wrong) => Worker.start({ url, authkey, handlers: [], name: wrong }),
  'Worker drainMs': (wrong) => Worker.start({ url, authkey, handlers: [], drainMs: wrong }),
  'Worker killGraceMs': (wrong) => Worker.start({ url, authkey, handlers: [], killGraceMs: wrong }),
};

const refusalOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe.each(Object.entries(calls))('%s', (_name, call) => {
  test.each([null, true, 42n])('of a wrong type is refused by name: %s', async (wrong) => {
    const error = await refusalOf(() => call(untyped(wrong)));
    expect(error, String(error)).toBeInstanceOf(MillraceError);
    expect(codeOf(error)).toBe('BAD_OPTION');
  });
});

test('calls that were refused leave the client usable', async () => {
  expect((await client.status()).queues).toMatchObject([{ name: 'default' }]);
});
