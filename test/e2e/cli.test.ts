import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { Stage, stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);
const handlersPath = fileURLToPath(handlers);

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

/** What every failed command does: one line on stderr, no stack trace, nothing on stdout. */
const expectOneLine = (result: { readonly stdout: string; readonly stderr: string }): void => {
  expect(result.stderr).toMatch(/^millrace: [^\n]+$/);
  expect(result.stderr).not.toMatch(/\n\s+at |node:internal/);
  expect(result.stdout).toBe('');
};

test('enqueue prints the id of its task, or with --wait its result', async () => {
  await stage.manager();
  await stage.worker(handlers);
  const plain = await stage.cli(['enqueue', 'double', '{"n":4}']);
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  const client = await stage.connect();
  expect(await client.task(plain.stdout).result()).toBe(8);

  const waited = await stage.cli(['enqueue', 'double', '{"n":21}', '--wait', '--priority', '5']);
  expect(waited).toMatchObject({ code: 0, stdout: '42', stderr: '' });
});

test('enqueue --wait fails with one line when its task is dead or takes too long', async () => {
  await stage.manager();
  const worker = await stage.worker(handlers);
  const dead = await stage.cli(['enqueue', 'hopeless', 'null', '--wait']);
  await worker.line(/"name":"hopeless".*an attempt failed: .*gone for good/);
  expectOneLine(dead);
  expect(dead.code).toBe(1);
  expect(dead.stderr).toContain('TASK_DEAD');
  expect(dead.stderr).toContain('gone for good');

  const late = await stage.cli(['enqueue', 'unhandled', '1', '--wait', '--timeout', '100ms']);
  expectOneLine(late);
  expect(late.code).toBe(1);
  expect(late.stderr).toContain('TIMEOUT');

  const unknown = await stage.cli(['enqueue', 'double', '1', '--queue', 'nowhere']);
  expectOneLine(unknown);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('UNKNOWN_QUEUE');
});

test('enqueue bounds the attempts of its task, their time, and its wait for a worker', async () => {
  await stage.manager();
  await stage.worker(handlers);
  const once = await stage.cli(['enqueue', 'flaky', '{"failures":1}', '--attempts', '1', '--wait']);
  expectOneLine(once);
  expect(once.stderr).toContain('TASK_DEAD');

  const lighthouse = await Lighthouse.open();
  const payload = JSON.stringify({ path: lighthouse.path });
  const bounds = ['--deadline', '50ms', '--attempts', '1', '--wait'];
  const slow = await stage.cli(['enqueue', 'patient', payload, ...bounds]);
  expectOneLine(slow);
  expect(slow.stderr).toContain('TASK_DEAD');
  await lighthouse.close();

  const unheard = await stage.cli(['enqueue', 'unhandled', '1', '--expires', '100ms', '--wait']);
  expectOneLine(unheard);
  expect(unheard.stderr).toContain('TASK_EXPIRED');

  const wrong = await stage.cli(['enqueue', 'flaky', '{}', '--attempts', '0']);
  expectOneLine(wrong);
  expect(wrong.stderr).toContain('BAD_OPTION');
});

test('enqueue --wait says what keeps its result', async () => {
  await stage.manager();
  await stage.worker(handlers);
  const patient = await stage.cli(['enqueue', 'flaky', '{"failures":3}', '--wait']);
  expect(patient).toMatchObject({ code: 0, stdout: '{"attempt":4}' });
  expect(patient.stderr).toMatch(
    /^millrace: attempt \d failed with TypeError: attempt \d is not the last; the task will be retried$/m,
  );
});

const statusSchema = z.object({
  url: z.string(),
  pid: z.number(),
  epoch: z.literal(1),
  store: z.object({ kind: z.literal('lmdb') }),
  queues: z.array(z.object({ name: z.string(), ready: z.number(), succeeded: z.number() })),
  workers: z.array(z.object({ name: z.string(), pid: z.number(), slots: z.number() })),
});

test('status says what is there, as a table and as JSON', async () => {
  const manager = await stage.manager({ args: ['--queue', 'default', '--queue', 'images'] });
  const worker = await stage.worker(handlers, { name: 'miller' });
  await stage.cli(['enqueue', 'double', '{"n":4}', '--wait']);
  await stage.cli(['enqueue', 'unhandled', '1']);

  const json = await stage.cli(['status', '--json']);
  expect(json).toMatchObject({ code: 0, stderr: '' });
  const status = statusSchema.parse(JSON.parse(json.stdout));
  expect(status).toMatchObject({ url: manager.url, pid: manager.pid });
  expect(status.queues).toContainEqual({ name: 'default', ready: 1, succeeded: 1 });
  expect(status.queues).toContainEqual({ name: 'images', ready: 0, succeeded: 0 });
  expect(status.workers).toMatchObject([{ name: 'miller', pid: worker.pid }]);

  const table = await stage.cli(['status']);
  expect(table.code).toBe(0);
  expect(table.stdout).toContain(`OK  manager ${manager.url}`);
  expect(table.stdout).toMatch(/^default +1 +0 +0 +0 +0/m);
  expect(table.stdout).toMatch(/^miller /m);
});

test('a command finds the manager through the directory that it left', async () => {
  await stage.manager();
  const nowhere = await stage.cli(['status', '--url', ''], { MILLRACE_URL: undefined });
  expect(nowhere.code).toBe(3);
  expectOneLine(nowhere);
  // An empty variable counts as unset.
  expect((await stage.cli(['status'], { MILLRACE_URL: '' })).code).toBe(0);

  const { MILLRACE_URL: _url, ...env } = process.env;
  const found = await stage.cli(['enqueue', 'unhandled', '1', '--url', stage.url], env);
  expect(found.code).toBe(0);
  const left = stage.path('.millrace');
  expect(readFileSync(`${left}/url`, 'utf8').trim()).toBe(stage.url);
  expect(statSync(`${left}/url`).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${left}/.gitignore`, 'utf8')).toBe('*\n');
});

test('a manager without a key makes one, which only its owner can read and others below find', async () => {
  const manager = stage.command(['manager', '--port', '0', '--memory'], {
    MILLRACE_AUTHKEY: undefined,
    MILLRACE_URL: undefined,
  });
  await manager.line(/listening on/);
  expect(statSync(stage.path('.millrace/authkey')).mode & 0o777).toBe(0o600);
  const status = await stage.cli(['status', '--json'], {
    MILLRACE_AUTHKEY: undefined,
    MILLRACE_URL: undefined,
  });
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(status.stdout)).toMatchObject({ store: { kind: 'memory' } });
});

test('with a wrong key every command is refused, and the manager serves on', async () => {
  await stage.manager();
  const wrong = { MILLRACE_AUTHKEY: 'wrong' };
  for (const args of [['status'], ['enqueue', 'double', '{"n":1}'], ['worker', handlersPath]]) {
    const refused = await stage.cli(args, wrong);
    expectOneLine(refused);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('AUTH_FAILED');
  }
  expect((await stage.cli(['status'])).code).toBe(0);
});

test('where no manager is, a command says so and a worker keeps trying', async () => {
  const manager = await stage.manager();
  await manager.end('SIGTERM');
  for (const args of [['status'], ['enqueue', 'double', '{"n":1}']]) {
    const refused = await stage.cli(args);
    expectOneLine(refused);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('CONNECT_FAILED');
  }
  const worker = stage.command(['worker', handlersPath]);
  await worker.line(
    /no connection \(CONNECT_FAILED\); trying again until \S+ answers: .*nothing listens there/,
  );
  const connected = worker.line(/connected to ws/);
  await stage.manager({ port: manager.port });
  await connected;
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('the log of a manager tells the process of a worker from its own', async () => {
  const manager = await stage.manager();
  const worker = await stage.worker(handlers);
  const [line] = await manager.line(/^.*"worker connected".*$/);
  expect(JSON.parse(line)).toMatchObject({ pid: manager.pid, workerPid: worker.pid });
});

test('a second manager is refused the data directory, and the port, of the first', async () => {
  const manager = await stage.manager();
  const store = await stage.cli(['manager', '--port', '0', '--data', stage.path('store')]);
  expectOneLine(store);
  expect(store.code).toBe(1);
  expect(store.stderr).toContain('STORE_IN_USE');
  const port = await stage.cli(['manager', '--port', String(manager.port), '--memory']);
  expectOneLine(port);
  expect(port.code).toBe(1);
  expect(port.stderr).toContain('PORT_IN_USE');
  expect((await stage.cli(['status'])).code).toBe(0);
});

test('a wrong command line or configuration is refused with one line and exit code 2', async () => {
  writeFileSync(stage.path('bad.toml'), '[queues.a]\nmaxItem = 1\n');
  writeFileSync(stage.path('broken.toml'), '[queues');
  writeFileSync(stage.path('not-handlers.mjs'), 'export default 1;\n');
  for (const [args, said] of [
    [['managr'], 'unknown command'],
    [['manager', '--prt', '1'], 'unknown option'],
    [['manager', '--port', 'x'], "'x' is not a whole number"],
    [['manager', '--port', '70000'], 'port'],
    [['manager', '--host', '0.0.0.0'], '--insecure'],
    [['manager', '--config', 'bad.toml'], 'maxItem'],
    [['manager', '--config', 'broken.toml'], 'broken.toml'],
    [['manager', '--config', 'absent.toml'], 'absent.toml'],
    [['enqueue', 'double', '{n:1}'], 'not JSON'],
    [['enqueue', 'double'], 'missing required argument'],
    [['worker', 'absent.mjs'], 'absent.mjs'],
    [['worker', 'not-handlers.mjs'], 'not-handlers.mjs'],
    [['task', 'show', 'x', '--url', 'http://127.0.0.1'], 'ws://'],
  ] as const) {
    const refused = await stage.cli(args, { MILLRACE_URL: 'ws://127.0.0.1:9' });
    expectOneLine(refused);
    expect(refused.stderr).toContain(said);
    expect(refused.code, refused.stderr).toBe(2);
  }
});

test('help and version go to stdout with exit code 0', async () => {
  for (const args of [['--help'], ['manager', '--help'], ['--version']]) {
    const shown = await stage.cli(args);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).not.toBe('');
  }
});

test('a name in an error does not steer the terminal', async () => {
  await stage.manager();
  const named = await stage.cli(['queue', 'show', '\u001b[2Jevil']);
  expectOneLine(named);
  expect(named.stderr).toContain(String.raw`\u001b[2Jevil`);
});
