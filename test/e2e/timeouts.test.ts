import { getEventListeners } from 'node:events';
import { createServer, type Server } from 'node:net';
import { codeOf } from '@millrace/protocol';
import { type Client, connect, defineTask, type LeasedItem, Manager } from 'millrace';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { stages } from '../support/stage.ts';

const authkey = 'a shared secret';
const job = defineTask<number>('job', { queue: 'tasks' });
const openStage = stages();

const toStop: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).toReversed()) {
    await stop();
  }
});

const startManager = async (port = 0) => {
  const manager = new Manager({ port, authkey });
  manager.register('tasks', { maxItems: 100 });
  manager.register('items', { maxItems: 1 });
  const { url } = await manager.start();
  toStop.push(() => manager.stop());
  return { manager, url };
};

const connected = async (url: string): Promise<Client> => {
  const client = await connect({ url, authkey });
  toStop.push(() => client.close());
  return client;
};

interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

type Call = (client: Client, options: CallOptions) => Promise<unknown>;

const firstOf = async (all: AsyncIterable<unknown>): Promise<unknown> => {
  for await (const one of all) {
    return one;
  }
  return undefined;
};

const often = { everyMs: 3_600_000, task: job, input: 1 };
const ID = '0Q7zmAhAOMM7phqMD7i_g';

const reads: Readonly<Record<string, Call>> = {
  result: (client, options) => client.task(ID).result(options),
  inspect: (client, options) => client.task(ID).inspect(options),
  listTasks: (client, options) => client.listTasks({ ...options }),
  tasks: (client, options) => firstOf(client.tasks({ ...options })),
  status: (client, options) => client.status(options),
  deadGroups: (client, options) => client.deadGroups({}, options),
  schedules: (client, options) => firstOf(client.schedules(options)),
  showSchedule: (client, options) => client.showSchedule('s', options),
  get: (client, options) => client.queue('items').get(options),
  lease: (client, options) => client.queue('items').lease(options),
  getMany: (client, options) => client.queue('items').getMany(2, options),
  join: (client, options) => client.queue('items').join(options),
  empty: (client, options) => client.queue('items').empty(options),
  full: (client, options) => client.queue('items').full(options),
  size: (client, options) => client.queue('items').size(options),
};

const changes: Readonly<Record<string, Call>> = {
  enqueue: (client, options) => client.enqueue(job, 1, options),
  enqueueMany: (client, options) => client.enqueueMany(job, [1, 2], options),
  run: (client, options) => client.run(job, 1, options),
  cancel: (client, options) => client.task(ID).cancel('no reason', options),
  setPriority: (client, options) => client.task(ID).setPriority(1, options),
  retry: (client, options) => client.task(ID).retry(options),
  drop: (client, options) => client.task(ID).drop(options),
  retryAll: (client, options) => client.retryAll({}, options),
  dropAll: (client, options) => client.dropAll({}, options),
  drainWorker: (client, options) => client.drainWorker('worker', options),
  schedule: (client, options) => client.schedule('s', often, options),
  pauseSchedule: (client, options) => client.pauseSchedule('s', options),
  resumeSchedule: (client, options) => client.resumeSchedule('s', options),
  runSchedule: (client, options) => client.runSchedule('s', options),
  removeSchedule: (client, options) => client.removeSchedule('s', options),
  put: (client, options) => client.queue('items').put(1, options),
  putMany: (client, options) => client.queue('items').putMany([1, 2], options),
  pause: (client, options) => client.queue('items').pause(options),
  resume: (client, options) => client.queue('items').resume(options),
  purge: (client, options) => client.queue('items').purge(options),
};

const calls = Object.entries({ ...reads, ...changes });

const errorOf = async (sent: Promise<unknown>): Promise<Error> => {
  const answer: unknown = await sent.catch((error: unknown) => error);
  if (!(answer instanceof Error)) {
    throw new Error(`no error, but ${JSON.stringify(answer)}`);
  }
  return answer;
};

/** The codes along the chain of causes. */
const codesOf = (error: unknown): unknown[] =>
  error instanceof Error
    ? ['code' in error ? error.code : error.name, ...codesOf(error.cause)]
    : [];

const lostClient = async (): Promise<Client> => {
  const { manager, url } = await startManager();
  const client = await connected(url);
  const isDown = new Promise<void>((resolve) => {
    client.onState((state) => state === 'disconnected' && resolve());
  });
  await manager.stop();
  await isDown;
  // The first dial that fails says why no manager answers.
  await expect
    .poll(async () => codesOf(await errorOf(client.status({ timeoutMs: 100 }))))
    .toContain('ECONNREFUSED');
  return client;
};

test('without a manager every call ends in its time, and says that nothing was sent, and why', async () => {
  const client = await lostClient();
  const errors = await Promise.all(
    calls.map(async ([name, call]) => [
      name,
      codesOf(await errorOf(call(client, { timeoutMs: 300 }))),
    ]),
  );
  const refused = ['CONNECT_FAILED', 'ECONNREFUSED'];
  expect(Object.fromEntries(errors)).toEqual({
    ...Object.fromEntries(Object.keys(reads).map((name) => [name, ['TIMEOUT', ...refused]])),
    ...Object.fromEntries(Object.keys(changes).map((name) => [name, ['NOT_SENT', ...refused]])),
    retryAll: ['NOT_SENT', 'TIMEOUT', ...refused],
    dropAll: ['NOT_SENT', 'TIMEOUT', ...refused],
  });
});

test('without a manager every call ends when its signal is aborted, and leaves no listener', async () => {
  const client = await lostClient();
  const controller = new AbortController();
  const waiting = calls.map(async ([name, call]) => {
    const error = await errorOf(call(client, { signal: controller.signal }));
    return [name, [codeOf(error), error.name]];
  });
  const reason = new Error('the user left');
  // The calls that check something first are sent a turn later.
  await new Promise(setImmediate);
  controller.abort(reason);
  expect(Object.fromEntries(await Promise.all(waiting))).toEqual({
    ...Object.fromEntries(Object.keys(reads).map((name) => [name, ['ABORTED', 'AbortError']])),
    ...Object.fromEntries(Object.keys(changes).map((name) => [name, ['NOT_SENT', 'AbortError']])),
  });
  expect((await errorOf(client.status({ signal: controller.signal }))).cause).toBe(reason);
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
});

test('a signal that is aborted already sends nothing, with a manager and without', async () => {
  const { manager, url } = await startManager();
  const client = await connected(url);
  const signal = AbortSignal.abort();
  const errors = await Promise.all(calls.map(([, call]) => errorOf(call(client, { signal }))));
  expect(new Set(errors.map(codeOf))).toEqual(new Set(['ABORTED', 'NOT_SENT']));
  expect(await errorOf(manager.queue('items').get({ signal })).then(codeOf)).toBe('ABORTED');
  expect(await errorOf(connect({ url, authkey, signal })).then(codeOf)).toBe('ABORTED');
  expect(await client.queue('items').size()).toMatchObject({ ready: 0, leased: 0 });
});

test('a thousand calls share one signal without a warning and leave no listener', async () => {
  const { url } = await startManager();
  const client = await connected(url);
  const { signal } = new AbortController();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  await Promise.all(
    Array.from({ length: 1_000 }, () => client.status({ signal, timeoutMs: 60_000 })),
  );
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('where the manager is stopped in the middle, changes are unknown and reads are late', async () => {
  const stage = await openStage();
  const manager = await stage.manager({ args: ['--auto-queues'] });
  const client = await stage.connect();
  await client.queue('items').put(1);
  const item = await client.queue('items').lease();
  manager.signal('SIGSTOP');
  const errors = await Promise.all(
    calls.map(async ([name, call]) => [
      name,
      codeOf(await errorOf(call(client, { timeoutMs: 100 }))),
    ]),
  );
  const ack = await errorOf(item.ack({ timeoutMs: 100 }));
  manager.signal('SIGCONT');
  expect(Object.fromEntries(errors)).toEqual({
    ...Object.fromEntries(Object.keys(reads).map((name) => [name, 'TIMEOUT'])),
    ...Object.fromEntries(Object.keys(changes).map((name) => [name, 'UNKNOWN'])),
    // The list of dead tasks never came, so none was touched.
    retryAll: 'NOT_SENT',
    dropAll: 'NOT_SENT',
  });
  expect(codeOf(ack)).toBe('UNKNOWN');
  // The acknowledgement may have counted; saying it again is safe.
  await item.ack();
});

test('an acknowledgement that was not sent leaves the item leased, and can be repeated', async () => {
  const stage = await openStage();
  const manager = await stage.manager({ args: ['--auto-queues'] });
  const client = await stage.connect();
  await client.queue('items').put(1);
  const item: LeasedItem<unknown> = await client.queue('items').lease();
  await manager.end('SIGKILL');
  await expect.poll(() => client.state).toBe('disconnected');
  expect(codeOf(await errorOf(item.ack({ timeoutMs: 0 })))).toBe('NOT_SENT');
  await stage.manager({ args: ['--auto-queues'], port: manager.port });
  await item.ack();
  expect(await client.queue('items').size()).toMatchObject({ ready: 0, leased: 0 });
});

test('a put that was aborted while it waited for room is never made', async () => {
  const { url } = await startManager();
  const client = await connected(url);
  const items = client.queue('items');
  await items.put('first');
  const controller = new AbortController();
  const waiting = errorOf(items.put('second', { signal: controller.signal }));
  // The answer to a later request shows that the put has arrived.
  await items.size();
  controller.abort();
  expect(codeOf(await waiting)).toBe('UNKNOWN');
  expect(await items.get()).toBe('first');
  expect(codeOf(await errorOf(items.get({ timeoutMs: 50 })))).toBe('QUEUE_EMPTY');
});

test('an item that comes after its get was aborted stays in the queue', async () => {
  const { manager, url } = await startManager();
  const client = await connected(url);
  for (const items of [client.queue('items'), manager.queue('items')]) {
    const controller = new AbortController();
    const waiting = errorOf(items.get({ signal: controller.signal }));
    await items.size();
    controller.abort();
    expect(codeOf(await waiting)).toBe('ABORTED');
    await items.put('for another');
    expect(await items.get({ timeoutMs: 5_000 })).toBe('for another');
  }
});

test('a task whose result was awaited and aborted goes on', async () => {
  const { url } = await startManager();
  const client = await connected(url);
  const task = await client.enqueue(job, 1);
  const controller = new AbortController();
  const waiting = errorOf(task.result({ signal: controller.signal }));
  const running = errorOf(client.run(job, 2, { signal: controller.signal, timeoutMs: 60_000 }));
  await client.status();
  controller.abort();
  expect((await waiting).message).toContain('the task goes on');
  // No answer had come yet, so it may or may not be queued; it is.
  expect(codeOf(await running)).toBe('UNKNOWN');
  expect((await task.inspect()).state).toBe('ready');
});

test('options of the wrong kind are refused by name', async () => {
  const { url } = await startManager();
  const client = await connected(url);
  const wrong: object[] = [
    { timeoutMs: '5' },
    { timeoutMs: Number.NaN },
    { signal: 'stop' },
    { signal: {} },
  ];
  for (const [name, call] of calls) {
    for (const options of wrong) {
      expect([name, codeOf(await errorOf(call(client, options)))]).toEqual([name, 'BAD_OPTION']);
    }
  }
  const waits: object[] = [{ waitMs: '5' }, { timeoutMs: Number.NaN }, { signal: 1 }];
  for (const options of waits) {
    expect(codeOf(await errorOf(connect({ url, authkey, ...options })))).toBe('BAD_OPTION');
  }
});

test('connect waits for a manager that comes later, as long as it was told', async () => {
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  expect(codesOf(await errorOf(connect({ url, authkey })))).toEqual([
    'CONNECT_FAILED',
    'ECONNREFUSED',
  ]);
  const late = await errorOf(connect({ url, authkey, waitMs: 300 }));
  expect(codesOf(late)).toEqual(['CONNECT_FAILED', 'ECONNREFUSED']);
  expect(late.message).toContain('tried for 300 ms');
  const inTime = await errorOf(connect({ url, authkey, waitMs: 60_000, timeoutMs: 1_000 }));
  expect(codesOf(inTime)).toEqual(['TIMEOUT', 'CONNECT_FAILED', 'ECONNREFUSED']);
  const waiting = connect({ url, authkey, waitMs: 60_000 });
  await startManager(port);
  const client = await waiting;
  expect(client.state).toBe('connected');
  await client.close();
});

test('a wrong key ends a patient connect at once', async () => {
  const { url } = await startManager();
  const error = await errorOf(connect({ url, authkey: 'another secret', waitMs: 60_000 }));
  expect(codeOf(error)).toBe('AUTH_FAILED');
});

/** A server that accepts and says nothing. */
const silentServer = async (): Promise<{ readonly server: Server; readonly url: string }> => {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toStop.push(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, url: `ws://127.0.0.1:${port}` };
};

test('connect to a port that says nothing ends in its time or with its signal, and leaves no socket', async () => {
  const { server, url } = await silentServer();
  expect(codeOf(await errorOf(connect({ url, authkey, timeoutMs: 50 })))).toBe('TIMEOUT');
  const controller = new AbortController();
  const accepted = new Promise<void>((resolve) => server.once('connection', () => resolve()));
  const waiting = errorOf(connect({ url, authkey, signal: controller.signal }));
  await accepted;
  controller.abort();
  expect(codeOf(await waiting)).toBe('ABORTED');
  await new Promise((resolve) => server.close(resolve));
});

test('the state of a client is told at each change, also by a listener that throws', async () => {
  const { manager, url } = await startManager();
  const client = await connected(url);
  expect(client.state).toBe('connected');
  const seen: string[] = [];
  const changed = new Map<string, () => void>();
  const reached = (state: string): Promise<void> =>
    new Promise((resolve) => changed.set(state, resolve));
  client.onState((state, error) => {
    seen.push(`${state} ${codeOf(error)}`);
    changed.get(state)?.();
  });
  const quiet = client.onState(() => seen.push('never'));
  quiet();
  const isDown = reached('disconnected');
  await manager.stop();
  await isDown;
  const isUp = reached('connected');
  await startManager(Number(new URL(url).port));
  await isUp;
  await client.close();
  expect(client.state).toBe('closed');
  expect(seen[0]).toMatch(/^disconnected /);
  expect(seen.slice(-2)).toEqual(['connected undefined', 'closed CLIENT_CLOSED']);
});

test('a schema that takes its time is part of the time of the call', async () => {
  const { url } = await startManager();
  const client = await connected(url);
  const slow = defineTask<number>('slow', {
    queue: 'tasks',
    input: {
      '~standard': { version: 1, vendor: 'test', validate: () => new Promise(() => {}) },
    },
  });
  const late = await errorOf(client.enqueue(slow, 1, { timeoutMs: 20 }));
  expect(late).toMatchObject({ code: 'NOT_SENT', message: expect.stringContaining('schema') });
  const controller = new AbortController();
  const waiting = errorOf(client.run(slow, 1, { signal: controller.signal }));
  controller.abort();
  expect(await waiting).toMatchObject({ code: 'NOT_SENT', name: 'AbortError' });
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
});
