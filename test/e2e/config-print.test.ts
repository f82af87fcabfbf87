import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}

/** The environment of a user who has set nothing. */
const bare: NodeJS.ProcessEnv = {
  MILLRACE_URL: undefined,
  MILLRACE_AUTHKEY: undefined,
  MILLRACE_HTTP_PORT: undefined,
};

const printed = async (
  env: NodeJS.ProcessEnv = bare,
  args: readonly string[] = [],
): Promise<Map<string, Omit<Row, 'key'>>> => {
  const { code, stderr, stdout } = await stage.cli(['config', 'print', '--json', ...args], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const rows: Row[] = JSON.parse(stdout);
  return new Map(rows.map(({ key, ...row }) => [key, row]));
};

test('every default is shown as a value, and only what has none is not set', async () => {
  const rows = await printed();
  const unset = [...rows].filter(([, { value }]) => value === null);
  expect(unset.map(([key]) => key)).toEqual([
    'connection.url',
    'connection.authkey',
    'connection.authkeyFile',
    'http.token',
    'http.certFile',
    'http.keyFile',
  ]);
  expect(new Set(unset.map(([, { origin }]) => origin))).toEqual(new Set(['not set']));
  expect(rows.get('manager.dataDir')).toEqual({ value: '.millrace/store', origin: 'default' });
  expect(rows.get('http.port')).toEqual({ value: 7421, origin: 'default' });
  expect(rows.get('worker.drainMs')).toEqual({ value: 25_000, origin: 'default' });
});

test('the URL and the key in use are shown with the file that they come from', async () => {
  const manager = await stage.manager({ env: { MILLRACE_AUTHKEY: undefined } });
  const rows = await printed();
  const home = stage.path('.millrace');
  expect(rows.get('connection.url')).toEqual({ value: manager.url, origin: `${home}/url` });
  expect(rows.get('connection.authkey')).toEqual({ value: '(set)', origin: `${home}/authkey` });
  const key = readFileSync(stage.path('.millrace/authkey'), 'utf8').trim();
  expect((await stage.cli(['config', 'print'], bare)).stdout).not.toContain(key);
  const given = await printed({ ...bare, MILLRACE_URL: 'ws://mill' });
  expect(given.get('connection.url')).toEqual({
    value: 'ws://mill:7420',
    origin: 'environment MILLRACE_URL',
  });
});

test('a queue without keys is shown with its defaults', async () => {
  writeFileSync(stage.path('millrace.toml'), '[queues.plain]\n[queues.odd]\nmaxItems = 7\n');
  const rows = await printed();
  expect(rows.get('queues.plain.maxItems')).toEqual({ value: 10_000_000, origin: 'default' });
  expect(rows.get('queues.plain.order')).toEqual({ value: 'fifo', origin: 'default' });
  expect(rows.get('queues.odd.maxItems')).toEqual({ value: 7, origin: 'millrace.toml' });
  expect(rows.get('queues.odd.order')).toEqual({ value: 'fifo', origin: 'default' });
});

test('the port of HTTP follows that of the queues', async () => {
  const rows = await printed({ ...bare, MILLRACE_PORT: '9000' });
  expect(rows.get('http.port')).toEqual({ value: 9001, origin: 'default' });
});

test('a relative path starts at the folder of its file, or else at the working directory', async () => {
  mkdirSync(stage.path('etc'));
  writeFileSync(stage.path('etc/key'), 'the key\n');
  writeFileSync(
    stage.path('etc/mill.toml'),
    '[connection]\nauthkeyFile = "key"\n[manager]\ndataDir = "../data"\n[http]\ncertFile = "/abs.pem"\n',
  );
  const rows = await printed(bare, ['--config', 'etc/mill.toml']);
  expect(rows.get('connection.authkeyFile')?.value).toBe('etc/key');
  expect(rows.get('manager.dataDir')?.value).toBe('data');
  expect(rows.get('http.certFile')?.value).toBe('/abs.pem');
  const env = { ...bare, MILLRACE_DATA_DIR: 'here', MILLRACE_CONFIG: 'etc/mill.toml' };
  expect((await printed(env)).get('manager.dataDir')?.value).toBe('here');
});

test('a manager takes the key beside its configuration file', async () => {
  mkdirSync(stage.path('etc'));
  writeFileSync(stage.path('etc/key'), 'the key\n');
  writeFileSync(stage.path('etc/mill.toml'), '[connection]\nauthkeyFile = "key"\n');
  const args = ['--config', 'etc/mill.toml', '--memory'];
  await stage.manager({ args, env: { MILLRACE_AUTHKEY: undefined } });
  const live = await stage.cli(['check', 'live'], { MILLRACE_AUTHKEY: 'the key' });
  expect(live).toMatchObject({ code: 0, stderr: '' });
});

test('files with a byte order mark and with lines of Windows are read', async () => {
  writeFileSync(stage.path('.env'), '\uFEFFMILLRACE_PORT=1234\r\nMILLRACE_HOST="::1"\r\n');
  writeFileSync(stage.path('millrace.toml'), '\uFEFF[worker]\r\ndrainMs = 7\r\n[queues.a]\r\n');
  const rows = await printed();
  expect(rows.get('manager.port')).toEqual({ value: 1234, origin: '.env MILLRACE_PORT' });
  expect(rows.get('manager.host')).toEqual({ value: '::1', origin: '.env MILLRACE_HOST' });
  expect(rows.get('worker.drainMs')).toEqual({ value: 7, origin: 'millrace.toml' });
});

test.each([
  [
    '[manager]\nprot = 1\n',
    /millrace\.toml: \[manager\] has no key 'prot' \(did you mean port\?\)/,
  ],
  ['[manger]\n', /millrace\.toml has no table 'manger' \(did you mean manager\?\)/],
  ['manager = 1\n', /manager must be a table/],
  ['[manager]\nport = "7420"\n', /manager\.port: a whole number from 0 to 65535 is needed/],
  ['[manager]\nport = 70000\n', /whole number from 0 to 65535/],
  ['[manager]\nport = 1.5\n', /whole number from 0 to 65535/],
  ['[manager]\nport = 99999999999999999999\n', /millrace\.toml/],
  ['[manager]\nautoQueues = 1\n', /true or false is needed, not 1/],
  ['[manager]\nhost = ["a"]\n', /manager\.host: a text is needed/],
  ['[connection]\nauthkey = "secret"\n', /\[connection\] has no key 'authkey'/],
  ['[queues]\na = 1\n', /queues\.a must be a table/],
  ['[queues.a]\norder = "random"\n', /'fifo' or 'lifo' is needed/],
  ['[manager\n', /cannot read millrace\.toml/],
])('a wrong file is refused in one line: %j', async (text, said) => {
  writeFileSync(stage.path('millrace.toml'), text);
  const { code, stderr } = await stage.cli(['config', 'print'], bare);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^millrace: BAD_OPTION: [^\n]*$/);
  expect(stderr).toMatch(said);
});

test.each([
  ['a folder', () => mkdirSync(stage.path('millrace.toml'))],
  ['a FIFO', () => execFileSync('mkfifo', [stage.path('millrace.toml')])],
])('millrace.toml that is %s is refused by name', async (_what, make) => {
  make();
  const { code, stderr } = await stage.cli(['config', 'print'], bare);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^millrace: BAD_OPTION: cannot read millrace\.toml: [^\n]*$/);
});
