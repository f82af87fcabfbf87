import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Client } from '@millrace/client';
import { diskJournal, encodeNumbers, LAYOUT, metaKey } from '@millrace/manager/internals';
import { codeOf, defineTask, type ErrorCode, messageOf, systemClock } from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type CliResult, type ManagerChild, type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const handlersPath = fileURLToPath(new URL('all-handlers.ts', import.meta.url));
const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const modulePath = (name: string): string =>
  fileURLToPath(new URL(`../support/fixtures/modules/${name}`, import.meta.url));

const TEST_MAX_MS = 900_000;
/** Small, because one argument of a command line has 128 KiB at most. */
const PAYLOAD_MAX_BYTES = 65_536;
const HOURS_AHEAD = 5;
/** Puts the wall clock of a process ahead, before anything reads it. */
const clockAhead = `--import=data:text/javascript,${encodeURIComponent(
  `const now = Date.now; Date.now = () => now() + ${HOURS_AHEAD * 3_600_000};`,
)}`;

let stage: Stage;
let manager: ManagerChild;
let client: Client;
/** Everything that a user was told in this file. */
const heard: string[] = [];
const mounted: string[] = [];

beforeEach(async () => {
  stage = await openStage();
  manager = await stage.manager({ env: { MILLRACE_PAYLOAD_MAX_BYTES: String(PAYLOAD_MAX_BYTES) } });
  client = await stage.connect();
});
afterEach(() => {
  heard.push(manager.output);
  for (const directory of mounted.splice(0)) {
    spawnSync('umount', ['-l', directory]);
  }
});

/** A command that goes on instead of refusing is ended, and then has no exit code. */
const REFUSAL_MAX_MS = 90_000;

const cli = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> => {
  const child = stage.command(args, env);
  const limit = setTimeout(() => child.signal('SIGKILL'), REFUSAL_MAX_MS);
  const exit = await child.closed;
  clearTimeout(limit);
  const result = { ...exit, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
  heard.push(result.stdout, result.stderr);
  return result;
};

/** A command line that is refused: its code, its exit code, and what the one line says to do. */
type Row = readonly [
  what: string,
  args: () => readonly string[],
  code: ErrorCode,
  exit: number,
  said: RegExp,
  env?: NodeJS.ProcessEnv,
];

const newerStore = async (): Promise<void> => {
  const journal = await diskJournal(stage.path('newer'), systemClock);
  await journal.commit([{ key: metaKey('version'), value: encodeNumbers([LAYOUT + 1]) }]);
  await journal.close();
};

const readOnlyDisk = (): boolean => {
  const directory = stage.path('read-only');
  mkdirSync(directory);
  const isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', directory]).status === 0;
  if (isMounted) {
    mounted.push(directory);
  }
  return isMounted;
};

const prepareFolder = async (): Promise<void> => {
  writeFileSync(stage.path('file'), '');
  mkdirSync(stage.path('garbage'));
  writeFileSync(stage.path('garbage/data.mdb'), Buffer.alloc(20_000, 7));
  writeFileSync(stage.path('typo.toml'), '[manager]\nprot = 1\n');
  writeFileSync(stage.path('table.toml'), '[mangaer]\nport = 1\n');
  writeFileSync(stage.path('queue.toml'), '[queues.a]\nmaxItem = 1\n');
  writeFileSync(stage.path('type.toml'), '[manager]\nport = "1"\n');
  await newerStore();
};

const start = (...args: readonly string[]): readonly string[] => [
  'manager',
  '--port',
  '0',
  ...args,
];

const rows: readonly Row[] = [
  [
    'wrong key',
    () => ['queue', 'ls'],
    'AUTH_FAILED',
    3,
    /compare MILLRACE_AUTHKEY/,
    { MILLRACE_AUTHKEY: 'wrong' },
  ],
  [
    'no manager there',
    () => ['queue', 'ls', '--url', 'ws://127.0.0.1:9'],
    'CONNECT_FAILED',
    3,
    /nothing listens there; start one \(millrace manager\)/,
  ],
  [
    'another URL',
    () => ['queue', 'ls', '--url', 'localhost:7420'],
    'BAD_OPTION',
    2,
    /ws:\/\/HOST:PORT/,
  ],
  [
    'a URL with a fragment',
    () => ['queue', 'ls', '--url', 'ws://127.0.0.1:9#f'],
    'BAD_OPTION',
    2,
    /ws:\/\/HOST:PORT/,
  ],
  [
    'the last port, whose next is none',
    () => ['manager', '--memory', '--port', '65535'],
    'BAD_OPTION',
    2,
    /give --http-port/,
    { MILLRACE_HTTP_PORT: undefined },
  ],
  [
    'a certificate without its key',
    () => start('--memory'),
    'BAD_OPTION',
    2,
    /set http\.keyFile/,
    { MILLRACE_HTTP_CERT_FILE: 'cert.pem' },
  ],
  [
    'a worker to show where none is',
    () => ['worker', 'show', 'w1'],
    'UNKNOWN_WORKER',
    1,
    /there are none$/,
  ],
  ['no URL', () => ['queue', 'ls', '--url', ''], 'BAD_OPTION', 2, /connection\.url: a text that/],
  [
    'port in use',
    () => ['manager', '--memory', '--port', String(manager.port)],
    'PORT_IN_USE',
    1,
    /choose another with --port/,
  ],
  [
    'data directory in use',
    () => start('--data', stage.path('store')),
    'STORE_IN_USE',
    1,
    /choose another with --data/,
  ],
  [
    'data directory is a file',
    () => start('--data', stage.path('file')),
    'STORE_FAILED',
    4,
    /--data names another/,
  ],
  [
    'data directory holds something else',
    () => start('--data', stage.path('garbage')),
    'STORE_FAILED',
    4,
    /restore a backup/,
  ],
  [
    'data directory of another version',
    () => start('--data', stage.path('newer')),
    'STORE_VERSION',
    1,
    /install millrace of the version that wrote it or a later one/,
  ],
  [
    'unknown queue',
    () => ['enqueue', 'double', '1', '--queue', 'nowhere'],
    'UNKNOWN_QUEUE',
    1,
    /there are: default/,
  ],
  [
    'unknown queue of items',
    () => ['queue', 'put', 'nowhere', '1'],
    'UNKNOWN_QUEUE',
    1,
    /there are: default/,
  ],
  [
    'unknown queue to look at',
    () => ['queue', 'show', 'defalt'],
    'UNKNOWN_QUEUE',
    1,
    /did you mean default\?/,
  ],
  ['unknown task', () => ['task', 'show', '0000'], 'UNKNOWN_TASK', 1, /no task 0000/],
  [
    'payload too large',
    () => ['enqueue', 'double', JSON.stringify('x'.repeat(PAYLOAD_MAX_BYTES))],
    'PAYLOAD_TOO_LARGE',
    1,
    /send a reference/,
  ],
  ['payload is not JSON', () => ['enqueue', 'double', '{n:1}'], 'BAD_OPTION', 2, /not JSON/],
  ['handler file missing', () => ['worker', 'absent.mjs'], 'HANDLER_INVALID', 2, /does not exist/],
  ['handler file is a folder', () => ['worker', '.'], 'HANDLER_INVALID', 2, /is not a file/],
  [
    'handler file throws on import',
    () => ['worker', modulePath('throws.mjs')],
    'HANDLER_INVALID',
    2,
    /cannot be imported/,
  ],
  [
    'handler file without default export',
    () => ['worker', modulePath('no-default.mjs')],
    'HANDLER_INVALID',
    2,
    /export default \[handler/,
  ],
  [
    'handler file missing, in dev',
    () => ['dev', 'absent.mjs'],
    'HANDLER_INVALID',
    2,
    /does not exist/,
  ],
  [
    'an empty name of a configuration file',
    () => start('--config', ''),
    'BAD_OPTION',
    2,
    /--config: the path of a file is needed/,
  ],
  [
    'an empty path of a store',
    () => ['manager', '--data', ''],
    'BAD_OPTION',
    2,
    /manager\.dataDir: a text that is not empty is needed/,
  ],
  [
    'a list of nothing',
    () => ['task', 'ls', '--limit', '0'],
    'BAD_OPTION',
    2,
    /'0' is less than 1/,
  ],
  ['unknown flag', () => ['manager', '--prt', '1'], 'BAD_OPTION', 2, /Did you mean --port\?/],
  ['typo in a command', () => ['managr'], 'BAD_OPTION', 2, /Did you mean manager\?/],
  ['typo in a verb', () => ['queue', 'shw'], 'BAD_OPTION', 2, /Did you mean show\?/],
  ['argument missing', () => ['enqueue', 'double'], 'BAD_OPTION', 2, /missing required argument/],
  [
    'a number that is none',
    () => ['manager', '--port', 'x'],
    'BAD_OPTION',
    2,
    /not a whole number/,
  ],
  [
    'a time that is none',
    () => ['queue', 'get', 'default', '--timeout', '5'],
    'BAD_OPTION',
    2,
    /500ms, 30s/,
  ],
  ['a port that is none', () => ['manager', '--port', '70000'], 'BAD_OPTION', 2, /from 0 to 65535/],
  [
    'unknown key in the file',
    () => start('--config', 'typo.toml'),
    'BAD_OPTION',
    2,
    /'prot' \(did you mean port\?\)/,
  ],
  [
    'unknown table in the file',
    () => start('--config', 'table.toml'),
    'BAD_OPTION',
    2,
    /did you mean manager\?/,
  ],
  [
    'unknown key of a queue',
    () => start('--config', 'queue.toml'),
    'BAD_OPTION',
    2,
    /did you mean maxItems\?/,
  ],
  [
    'wrong type in the file',
    () => start('--config', 'type.toml'),
    'BAD_OPTION',
    2,
    /manager\.port: a whole number/,
  ],
  ['no such file', () => start('--config', 'absent.toml'), 'BAD_OPTION', 2, /absent\.toml/],
  [
    'typo in the environment',
    () => ['queue', 'ls'],
    'BAD_OPTION',
    2,
    /did you mean MILLRACE_PORT\?/,
    { MILLRACE_PROT: '1' },
  ],
  ['plaintext for everyone', () => start('--host', '0.0.0.0'), 'BAD_OPTION', 2, /--insecure/],
  [
    'status of nobody',
    () => ['status', '--url', 'ws://127.0.0.1:9'],
    'CONNECT_FAILED',
    3,
    /no manager answered/,
  ],
  [
    'a probe, wrongly used',
    () => ['check', 'live', '--urk', 'x'],
    'BAD_OPTION',
    3,
    /Did you mean --url\?/,
  ],
];

test(
  'each wrong command gets one line with a code, what to do, and its exit code',
  async () => {
    await prepareFolder();
    for (const [what, args, code, exit, said, env] of rows) {
      const result = await cli(args(), env);
      expect(result.stderr, what).toMatch(new RegExp(`^millrace: ${code}: [^\\n]+$`));
      expect(result.stderr, what).toMatch(said);
      expect(result.stdout, what).toBe('');
      expect(result.code, what).toBe(exit);
    }
    expect((await cli(['check', 'live'])).code).toBe(0);
  },
  TEST_MAX_MS,
);

test('a read-only disk is refused by name', async (context) => {
  if (!readOnlyDisk()) {
    context.skip('a read-only disk cannot be mounted here');
  }
  const refused = await cli(start('--data', stage.path('read-only/store')));
  expect(refused.stderr).toMatch(/^millrace: STORE_FAILED: [^\n]+--data names another$/);
  expect(refused.code).toBe(4);
});

const errorOf = async (act: () => Promise<unknown>): Promise<[ErrorCode | undefined, string]> => {
  try {
    await act();
  } catch (error) {
    heard.push(messageOf(error));
    return [codeOf(error), messageOf(error)];
  }
  return [undefined, 'no error'];
};

const sum = defineTask('sum', { input: z.array(z.number()) });
const anything = defineTask('anything');

test('a payload that cannot travel, or does not fit its schema, is not sent', async () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  for (const [payload, code] of [
    [cyclic, 'PAYLOAD_INVALID'],
    [{ run: () => 1 }, 'PAYLOAD_INVALID'],
    [Symbol('a'), 'PAYLOAD_INVALID'],
    [2n ** 64n, 'PAYLOAD_INVALID'],
    ['x'.repeat(PAYLOAD_MAX_BYTES), 'PAYLOAD_TOO_LARGE'],
  ] as const) {
    const [found, message] = await errorOf(() => client.enqueue(anything, payload));
    expect(found, message).toBe(code);
    expect(message).not.toContain('\n');
  }
  const [found, message] = await errorOf(() =>
    // @ts-expect-error -- as a program in JavaScript may call it
    client.enqueue(sum, ['text']),
  );
  expect([found, message]).toEqual(['SCHEMA_MISMATCH', expect.stringContaining("'sum'")]);
  expect((await client.status()).queues).toMatchObject([{ enqueued: 0 }]);
});

test('a payload that the worker refuses is not tried again', async () => {
  const worker = await Worker.start({
    url: stage.url,
    authkey: stage.authkey,
    handlers: [handler(sum, (numbers) => numbers.length)],
  });
  const unchecked = defineTask<unknown, number>('sum');
  const task = await client.enqueue(unchecked, 'text');
  const [code, message] = await errorOf(() => task.result());
  expect([code, message]).toEqual(['TASK_DEAD', expect.stringContaining('SCHEMA_MISMATCH')]);
  expect(await task.inspect()).toMatchObject({ failures: 1 });
  await worker.stop();
});

test('a worker does not start with a text that is no URL', async () => {
  const [code] = await errorOf(() =>
    Worker.start({ url: 'nonsense', authkey: 'key', handlers: [handler(sum, () => 1)] }),
  );
  expect(code).toBe('BAD_OPTION');
});

test('a URL or key that is set and cannot be read is refused', async () => {
  mkdirSync(stage.path('home/.millrace'), { recursive: true });
  symlinkSync('url', stage.path('home/.millrace/url'));
  const from = `cd home; exec "$0" "$1" queue ls`;
  const child = stage.program('shell', [
    'env',
    '-u',
    'MILLRACE_URL',
    'bash',
    '-c',
    from,
    process.execPath,
    millraceBin,
  ]);
  expect((await child.closed).code).toBe(2);
  expect(child.output).toMatch(/^millrace: CONFIG_NOT_FOUND: \S+url cannot be read: [^\n]+$/);
});

test('a result that is larger than the manager takes is not tried again', async () => {
  const large = defineTask<null, string>('large');
  const worker = await Worker.start({
    url: stage.url,
    authkey: stage.authkey,
    handlers: [handler(large, () => 'x'.repeat(PAYLOAD_MAX_BYTES))],
  });
  const task = await client.enqueue(large, null);
  const [code, message] = await errorOf(() => task.result());
  expect([code, message]).toEqual(['TASK_DEAD', expect.stringContaining('PAYLOAD_TOO_LARGE')]);
  expect(message).toContain(`the limit is ${PAYLOAD_MAX_BYTES}`);
  expect(await task.inspect()).toMatchObject({ failures: 1 });
  await worker.stop();
});

test('a closure cannot be sent to a process', async () => {
  const [code, message] = await errorOf(() =>
    Worker.start({
      url: stage.url,
      authkey: stage.authkey,
      handlers: [handler(sum, () => 1, { runner: 'process' })],
    }),
  );
  expect([code, message]).toEqual([
    'HANDLER_NOT_IMPORTABLE',
    expect.stringContaining('give the worker a handler module'),
  ]);
});

test('a task that no worker handles waits, and its producer is told why', async () => {
  const waiting = await cli(['enqueue', 'dubble', '1', '--wait', '--timeout', '4s']);
  expect(waiting.stderr).toMatch(
    /^millrace: task 'dubble' still waits in queue 'default': check with 'millrace status' that a worker handles it[^\n]+\nmillrace: TIMEOUT: [^\n]+ it goes on$/,
  );
  expect(waiting.code).toBe(1);
  expect((await client.status()).queues).toMatchObject([{ ready: 1 }]);
});

const answerTo = (bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connectSocket(manager.port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    socket.once('close', () => resolve(answer));
    socket.on('error', () => {});
  });

const statusOf = (path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(`http://127.0.0.1:${manager.port}${path}`, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

test('garbage and HTTP on the port are answered, and the manager serves on', async () => {
  expect(await answerTo('\u0000\u0001garbage\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await statusOf('/')).toBe(426);
  expect((await cli(['check', 'live'])).code).toBe(0);
  heard.push(manager.output);
});

test('a clock that is off by hours, here or there, delays and loses nothing', async () => {
  const ahead = { NODE_OPTIONS: clockAhead };
  const worker = stage.command(['worker', handlersPath], ahead);
  await worker.line(/worker handles/);
  expect((await cli(['enqueue', 'double', '{"n":1}', '--wait'])).stdout).toBe('2');
  expect((await cli(['enqueue', 'double', '{"n":2}', '--wait'], ahead)).stdout).toBe('4');
  await manager.end('SIGTERM');
  manager = await stage.manager({ port: manager.port, env: ahead });
  expect((await cli(['enqueue', 'double', '{"n":3}', '--wait'])).stdout).toBe('6');
  heard.push(worker.output, manager.output);
});

/** While it loads, while it connects, while it works. */
const MOMENTS_MS = [50, 150, 300, 500, 800, 1_200];

test(
  'Ctrl-C at any moment ends every command without a trace, and loses nothing',
  async () => {
    const commands = [
      ['worker', handlersPath],
      ['enqueue', 'unhandled', '1', '--wait'],
      ['status', '--watch'],
      ['queue', 'get', 'default', '--timeout', '1m'],
      start('--data', stage.path('other')),
    ];
    const kept = await client.enqueue(anything, 'kept');
    for (const command of commands) {
      const started = MOMENTS_MS.map(async (afterMs) => {
        const child = stage.command(command);
        setTimeout(() => child.signal('SIGINT'), afterMs);
        const exit = await child.closed;
        heard.push(child.output);
        expect([null, 0, 1, 3], `${command[0]} after ${afterMs} ms: ${child.output}`).toContain(
          exit.code,
        );
      });
      await Promise.all(started);
    }
    expect(manager.isRunning, manager.output).toBe(true);
    expect((await kept.inspect()).state).toBe('ready');
    expect((await cli(['check', 'live'])).code).toBe(0);
  },
  TEST_MAX_MS,
);

test('no stack trace reached a user', () => {
  expect(heard.length).toBeGreaterThan(rows.length);
  for (const text of heard) {
    expect(text).not.toMatch(/^\s+at |node:internal|UnhandledPromise|triggerUncaught/m);
  }
});
