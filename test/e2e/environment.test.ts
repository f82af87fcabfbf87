import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { beforeEach, expect, test } from 'vitest';
import { readDocument } from '../documents/markdown.ts';
import { type CliResult, type Stage, stages } from '../support/stage.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));

/** What Kubernetes sets in each Pod for a Service named millrace, and one named millrace-http. */
const serviceLinks = {
  MILLRACE_SERVICE_HOST: '10.96.7.7',
  MILLRACE_SERVICE_PORT: '7420',
  MILLRACE_SERVICE_PORT_QUEUES: '7420',
  MILLRACE_PORT: 'tcp://10.96.7.7:7420',
  MILLRACE_PORT_7420_TCP: 'tcp://10.96.7.7:7420',
  MILLRACE_PORT_7420_TCP_PROTO: 'tcp',
  MILLRACE_PORT_7420_TCP_PORT: '7420',
  MILLRACE_PORT_7420_TCP_ADDR: '10.96.7.7',
  MILLRACE_HTTP_SERVICE_HOST: '10.96.7.8',
  MILLRACE_HTTP_SERVICE_PORT: '7421',
  MILLRACE_HTTP_PORT: 'tcp://10.96.7.8:7421',
  MILLRACE_HTTP_PORT_7421_TCP: 'tcp://10.96.7.8:7421',
  MILLRACE_HTTP_PORT_7421_TCP_ADDR: '10.96.7.8',
};

/** Every variable that a command reads: another test compares that document with the settings. */
const variables = new Set(readDocument('docs/guide/cli.md').match(/MILLRACE_[A-Z_]+/g));

const withValue = (value: string): NodeJS.ProcessEnv =>
  Object.fromEntries([...variables].map((name) => [name, value]));

const live = (env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<CliResult> =>
  stage.cli(['check', 'live', ...args], env);

test('the links of a Kubernetes Service named millrace are skipped, with a hint where one is meant', async () => {
  const manager = stage.command(['manager', '--memory', '--port', '0'], serviceLinks);
  const [, url = ''] = await manager.line(/listening on (\S+)/);
  expect(manager.output).toMatch(
    /environment MILLRACE_HTTP_PORT is skipped.*enableServiceLinks: false/,
  );
  const { code, stderr } = await live(serviceLinks, ['--url', url]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const config = await stage.cli(['config', 'print'], serviceLinks);
  expect(config.code).toBe(0);
  expect(config.stderr.match(/is skipped/g)).toHaveLength(2);
  expect(config.stdout).toMatch(/^manager\.port +7420$/m);
});

test('a typing error is still found beside them', async () => {
  const { code, stderr } = await live({ ...serviceLinks, MILLRACE_PROT: '1' });
  expect(code).toBe(3);
  expect(stderr).toMatch(/MILLRACE_PROT.*did you mean MILLRACE_PORT\?/);
});

test.each(['', ' ', '\n'])('variables that are %j count as unset, all of them', async (value) => {
  const manager = stage.command(['manager', '--memory', '--port', '0', '--http-port', '0'], {
    ...withValue(value),
  });
  const [, url = ''] = await manager.line(/listening on (\S+)/);
  expect(await live(withValue(value))).toMatchObject({ code: 0, stderr: '' });
  writeFileSync(
    stage.path('.env'),
    [...variables].map((name) => `${name}=${JSON.stringify(value)}\n`).join(''),
  );
  expect(await live(withValue(value), ['--url', url])).toMatchObject({ code: 0, stderr: '' });
});

test('a wrong value stops only the commands that use its setting', async () => {
  await stage.manager();
  const wrong = {
    MILLRACE_PORT: 'x',
    MILLRACE_HTTP_PORT: '-1',
    MILLRACE_DRAIN_MS: 'soon',
    MILLRACE_INSECURE: 'perhaps',
    MILLRACE_PAYLOAD_MAX_BYTES: '99999999999999999999',
    MILLRACE_HTTP_CERT_FILE: '/nowhere',
  };
  expect(await live(wrong)).toMatchObject({ code: 0, stderr: '' });
  const { code, stderr } = await stage.cli(['manager', '--memory'], wrong);
  expect(code).toBe(2);
  expect(stderr).toMatch(/environment MILLRACE_\w+: .* is needed, not '/);
});

test('a key means the same with white space at its ends, wherever it stands', async () => {
  const key = 'a shared  secret';
  writeFileSync(stage.path('key'), `\uFEFF${key}\r\n`);
  const file = { MILLRACE_AUTHKEY: undefined, MILLRACE_AUTHKEY_FILE: stage.path('key') };
  await stage.manager({ env: { MILLRACE_AUTHKEY: `${key}\n` } });
  for (const env of [{ MILLRACE_AUTHKEY: key }, { MILLRACE_AUTHKEY: ` ${key}\t\n` }, file]) {
    expect(await live(env)).toMatchObject({ code: 0, stderr: '' });
  }
  expect(await live({ MILLRACE_AUTHKEY: 'a shared secret' })).toMatchObject({ code: 3 });
  // Programs, too: a client, and a worker, whose heartbeat thread has a connection of its own.
  const authkey = readFileSync(stage.path('key'), 'utf8');
  const worker = await Worker.start({
    url: stage.url,
    authkey,
    handlers: [handler(defineTask<null, number>('one'), () => 1)],
  });
  const client = await stage.connect({ authkey: Buffer.from(key) });
  expect(await client.run(defineTask<null, number>('one'), null)).toBe(1);
  await worker.stop();
});

test.each(['', '\n'])(
  'a key file with %j is refused, and serves nobody without a key',
  async (text) => {
    writeFileSync(stage.path('key'), text);
    const env = { MILLRACE_AUTHKEY: undefined, MILLRACE_AUTHKEY_FILE: stage.path('key') };
    for (const args of [
      ['manager', '--memory', '--port', '0'],
      ['queue', 'ls'],
    ]) {
      const { code, stderr } = await stage.cli(args, env);
      expect(code).toBe(2);
      expect(stderr).toMatch(/CONFIG_NOT_FOUND: the key in .* is empty/);
    }
  },
);

test('white space at the ends of a variable is no part of its value', async () => {
  const manager = await stage.manager();
  writeFileSync(stage.path('mill.toml'), '[worker]\ndrainMs = 7\n');
  const env = {
    MILLRACE_URL: ` ${manager.url}\r\n`,
    MILLRACE_CONFIG: 'mill.toml\n',
    MILLRACE_WORKER_NAME: 'mill\t',
    MILLRACE_INSECURE: 'true\r',
  };
  expect(await live(env)).toMatchObject({ code: 0, stderr: '' });
  const { stdout } = await stage.cli(['config', 'print'], env);
  expect(stdout).toMatch(/^worker\.drainMs +7$/m);
  expect(stdout).toMatch(/^worker\.name +mill$/m);
  expect(stdout).toMatch(/^manager\.insecure +true$/m);
});

test('ws:// without a port means 7420', async () => {
  const { code, stderr } = await live({ MILLRACE_URL: 'ws://127.0.0.2' });
  expect(code).toBe(3);
  expect(stderr).toContain('ws://127.0.0.2:7420');
});

test('wss:// to a manager says plainly that there is no TLS', async () => {
  const manager = await stage.manager();
  const { code, stderr } = await live({ MILLRACE_URL: manager.url.replace('ws:', 'wss:') });
  expect(code).toBe(3);
  expect(stderr).toMatch(/CONNECT_FAILED: .* does not speak TLS, and a manager does not: use ws:/);
  expect(stderr).not.toMatch(/openssl|SSL routines/i);
});

test.each([
  ['a folder', () => mkdirSync(stage.path('.env'))],
  ['a FIFO', () => execFileSync('mkfifo', [stage.path('.env')])],
])('.env that is %s stops no command', async (_what, make) => {
  make();
  await stage.manager();
  expect(await live()).toMatchObject({ code: 0, stderr: '' });
});

const NOBODY = 65_534;

/** Runs a command as a user without rights. */
const asNobody = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> => {
  const child = stage.program('nobody', [
    'setpriv',
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    'env',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    process.execPath,
    millraceBin,
    ...args,
  ]);
  return child.closed.then((exit) => ({
    ...exit,
    stdout: child.stdout.join('\n'),
    stderr: child.stderr.join('\n'),
  }));
};

test.skipIf(process.getuid?.() !== 0)(
  'a folder that cannot be written and an .env that cannot be read stop no command',
  async () => {
    await stage.manager();
    chmodSync(stage.directory, 0o755);
    writeFileSync(stage.path('.env'), 'MILLRACE_URL=ws://nowhere\n', { mode: 0o600 });
    const { code, stderr } = await asNobody(['check', 'live']);
    expect(stderr).toMatch(/^millrace: \.env is skipped, because it cannot be read: EACCES[^\n]*$/);
    expect(code).toBe(0);
    const other = await asNobody(['manager', '--port', '0', '--data', '/nowhere/store']);
    expect(other.code).not.toBe(0);
    expect(other.stderr).not.toMatch(/INTERNAL/);
  },
);

test('a working directory that was removed stops no command that needs none', async () => {
  await stage.manager();
  mkdirSync(stage.path('gone'));
  const command =
    'cd gone; rmdir ../gone; "$0" "$1" check live; "$0" "$1" config print; env -u MILLRACE_URL "$0" "$1" queue ls; "$0" "$1" manager --memory';
  const needy = ['store stats', 'store backup to', 'store check --data here', 'worker h.mjs'];
  const others = needy.map((words) => `"$0" "$1" ${words}`).join('; ');
  const all = ['bash', '-c', `${command}; ${others}`, process.execPath, millraceBin];
  const shell = stage.program('shell', all);
  await shell.closed;
  expect(shell.output).toMatch(/live ok/);
  expect(shell.output).toMatch(/connection\.url +ws:/);
  expect(shell.output).toMatch(/CONFIG_NOT_FOUND: no URL of a manager/);
  const refusals = shell.output.match(/CONFIG_NOT_FOUND: the working directory was removed/g);
  expect(refusals).toHaveLength(1 + needy.length);
  expect(shell.output).not.toMatch(/INTERNAL|uv_cwd/);
});

const needing = [
  'store check',
  'store stats',
  'store backup x',
  'store restore x',
  'store compact',
  'store check --data x',
  'worker handlers.mjs',
  'worker --watch handlers.mjs',
  'dev handlers.mjs',
  'enqueue greet 1 --from tasks.mjs',
  'manager --port 0',
] as const;

test('a command that needs its working directory says in one line that it was removed', async () => {
  mkdirSync(stage.path('gone'));
  const lines = needing.map((command) => `"$0" "$1" ${command}`);
  const shell = stage.program('shell', [
    'bash',
    '-c',
    ['cd gone', 'rmdir ../gone', 'export MILLRACE_URL=ws://127.0.0.1:1', ...lines].join('; '),
    process.execPath,
    millraceBin,
  ]);
  await shell.closed;
  expect(shell.stderr).toEqual(
    needing.map(
      () =>
        'millrace: CONFIG_NOT_FOUND: the working directory was removed; run millrace in a directory that exists',
    ),
  );
});

test('commands need no HOME', async () => {
  await stage.manager();
  expect(
    await live({ HOME: undefined, XDG_CONFIG_HOME: undefined, TMPDIR: undefined }),
  ).toMatchObject({ code: 0, stderr: '' });
});

test('a second manager in the folder leaves the URL of the first alone', async () => {
  const env = { MILLRACE_URL: undefined };
  const first = await stage.manager();
  const second = stage.command(['manager', '--port', '0', '--memory']);
  const [, other = ''] = await second.line(/listening on (\S+)/);
  await second.line(new RegExp(`the manager at ${first.url} serves this folder.*--url ${other}`));
  expect(readFileSync(stage.path('.millrace/url'), 'utf8')).toBe(`${first.url}\n`);
  await second.end('SIGTERM');
  expect(await live(env)).toMatchObject({ code: 0 });
  // The first is gone without a word: the next one takes the place.
  await first.end('SIGKILL');
  const third = await stage.manager();
  expect(readFileSync(stage.path('.millrace/url'), 'utf8')).toBe(`${third.url}\n`);
});

test('a manager that is stopped for a while keeps its place', async () => {
  const first = await stage.manager();
  first.signal('SIGSTOP');
  const second = stage.command(['manager', '--port', '0', '--memory']);
  await second.line(/listening on (\S+)/);
  first.signal('SIGCONT');
  expect(readFileSync(stage.path('.millrace/url'), 'utf8')).toBe(`${first.url}\n`);
});
