import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const unhandled = defineTask<string, null>('unhandled');
const ENQUEUED = 3;

const pidNamespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const hasPidNamespaces = spawnSync('unshare', [...pidNamespace.slice(1), 'true']).status === 0;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const file = (name: string): string => stage.path(`store/${name}`);

/** A store with some tasks, whose manager was killed or stopped. @returns the ids */
const storeWithTasks = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<string[]> => {
  const manager = await stage.manager();
  const client = await stage.connect();
  const ids: string[] = [];
  for (let n = 0; n < ENQUEUED; n++) {
    ids.push((await client.enqueue(unhandled, `payload ${n}`)).id);
  }
  await client.close();
  await manager.end(signal);
  return ids;
};

/** Starts a manager that must refuse its store. @returns its only line on stderr */
const refusal = async (): Promise<string> => {
  const manager = stage.launchManager();
  expect(await manager.closed).toEqual({ code: 4, signal: null });
  expect(manager.stdout).toEqual([]);
  expect(manager.stderr).toHaveLength(1);
  return manager.stderr[0] ?? '';
};

/** Changes every place of a text in a file: a page may have earlier copies. */
const changeAll = async (name: string, text: string, by: string): Promise<void> => {
  const bytes = await readFile(file(name));
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at)) {
    bytes.write(by, at);
  }
  await writeFile(file(name), bytes);
};

const damages: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['data.mdb removed', () => rmSync(file('data.mdb')), /data\.mdb is missing/],
  ['data.mdb emptied', () => writeFileSync(file('data.mdb'), ''), /data\.mdb is damaged.*empty/],
  ['data.mdb overwritten', () => writeFileSync(file('data.mdb'), 'hi\n'), /data\.mdb is damaged/],
  [
    'data.mdb cut to 8 KiB',
    () => truncateSync(file('data.mdb'), 8_192),
    /data\.mdb is damaged.*cut/,
  ],
  ['log.0 emptied', () => truncateSync(file('log.0'), 0), /log\.0 is cut/],
  [
    'log.0 zeroed',
    () => writeFileSync(file('log.0'), Buffer.alloc(4_198_400)),
    /log\.0 has no header/,
  ],
  ['log.1 removed', () => rmSync(file('log.1')), /log\.1 is missing/],
  [
    'a word changed in store.json',
    () => changeAll('store.json', '"ready"', '"reedy"'),
    /store\.json is damaged/,
  ],
];

test.each(damages)(
  'a store with %s is refused by name, with the way out',
  async (_name, damage, said) => {
    await storeWithTasks('SIGKILL');
    await damage();
    const line = await refusal();
    expect(line).toMatch(/^millrace: STORE_FAILED: /);
    expect(line).toMatch(said);
    expect(line).toMatch(/restore a backup/);
  },
);

test('a payload that was changed on the disk is refused, with the key of its task', async () => {
  const ids = await storeWithTasks('SIGTERM');
  await changeAll('data.mdb', 'payload 1', 'payload 2');
  const line = await refusal();
  expect(line).toMatch(/data\.mdb is damaged: the value of the key "\S+" on page \d+ has a wrong/);
  expect(line).toContain(ids[1]);
});

test('a start that makes a store says so, and a later one does not', async () => {
  const first = await stage.manager();
  await first.line(/made a new, empty store in \S+store/);
  await first.end('SIGTERM');
  const second = await stage.manager();
  await second.end('SIGTERM');
  expect(second.output).not.toMatch(/made a new/);
});

test('a store that was moved keeps its tasks, and the directory without it gets a new one', async () => {
  const ids = await storeWithTasks('SIGTERM');
  renameSync(stage.path('store'), stage.path('moved'));
  const manager = await stage.manager({ data: 'moved' });
  const client = await stage.connect();
  for (const id of ids) {
    expect(await client.task(id).inspect()).toMatchObject({ state: 'ready' });
  }
  await manager.end('SIGTERM');
  const other = await stage.manager();
  await other.line(/made a new, empty store/);
});

test('a manager whose directory is removed or moved away ends with 4, and leaves another in its place alone', async () => {
  const manager = await stage.manager();
  renameSync(stage.path('store'), stage.path('moved'));
  mkdirSync(stage.path('store'));
  expect(await manager.closed).toEqual({ code: 4, signal: null });
  expect(manager.stderr.at(-1)).toMatch(/^millrace: STORE_FAILED: .*data\.mdb/);
  const next = await stage.manager();
  await next.line(/made a new, empty store/);
});

test('a directory with the files of somebody else gets no store', async () => {
  mkdirSync(stage.path('store'));
  writeFileSync(file('letter.txt'), 'to a friend');
  expect(await refusal()).toMatch(/has no store, and other files such as letter\.txt/);
  expect(await readFile(file('letter.txt'), 'utf8')).toBe('to a friend');
});

test('a second manager is refused although somebody has removed the lock file or its reader table', async () => {
  const manager = await stage.manager();
  rmSync(file('manager.lock'));
  const second = stage.launchManager();
  expect(await second.closed).toEqual({ code: 1, signal: null });
  expect(second.output).toMatch(/^millrace: STORE_IN_USE: /m);
  rmSync(file('lock.mdb'));
  for (const command of ['check', 'backup']) {
    const target = command === 'backup' ? [stage.path('backup')] : [];
    const { code, stderr } = await stage.cli([
      'store',
      command,
      ...target,
      '--data',
      stage.path('store'),
    ]);
    expect(stderr).toMatch(/^millrace: STORE_FAILED: [^\n]*lock\.mdb is missing[^\n]*$/);
    expect(code).toBe(4);
  }
  await manager.end('SIGTERM');
  const next = await stage.manager();
  await next.end('SIGTERM');
});

test('a second manager is refused by another path, from another pid namespace, and while the first is stopped', async () => {
  const manager = await stage.manager();
  symlinkSync('store', stage.path('by-link'));
  manager.signal('SIGSTOP');
  const seconds = [stage.launchManager({ data: 'by-link' })];
  if (hasPidNamespaces) {
    seconds.push(stage.launchManager({ under: pidNamespace }));
  }
  for (const second of seconds) {
    expect((await second.closed).code).toBe(1);
    expect(second.output).toMatch(/^millrace: STORE_IN_USE: /m);
  }
  manager.signal('SIGCONT');
  expect(await manager.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('a copy by hard links is refused while the manager of the original runs', async () => {
  const manager = await stage.manager();
  execFileSync('cp', ['-al', stage.path('store'), stage.path('linked')]);
  rmSync(stage.path('linked/manager.lock'));
  const second = stage.launchManager({ data: 'linked' });
  expect(await second.closed).toEqual({ code: 1, signal: null });
  expect(second.output).toMatch(/^millrace: STORE_IN_USE: /m);
  const compacted = await stage.cli(['store', 'compact', '--data', stage.path('linked')]);
  expect(compacted).toMatchObject({ code: 1, stderr: expect.stringMatching(/STORE_IN_USE/) });
  await manager.end('SIGTERM');
});

test('a file that is no socket in place of the lock is refused, and left alone', async () => {
  await storeWithTasks('SIGTERM');
  writeFileSync(file('manager.lock'), 'to a friend');
  expect(await refusal()).toMatch(/manager\.lock is not a socket/);
  expect(await readFile(file('manager.lock'), 'utf8')).toBe('to a friend');
  rmSync(file('manager.lock'));
  mkdirSync(file('manager.lock'));
  expect(await refusal()).toMatch(/manager\.lock is not a socket/);
});

test('a command of the store refuses a FIFO in place of a file, and waits for nobody', async () => {
  await storeWithTasks('SIGTERM');
  for (const [name, command] of [
    ['store.json', ['check']],
    ['store.json', ['backup', stage.path('backup')]],
    ['data.mdb', ['stats']],
    ['log.0', ['check']],
    ['log.end', ['compact']],
  ] as const) {
    renameSync(file(name), stage.path('aside'));
    execFileSync('mkfifo', [file(name)]);
    const args = ['store', ...command, '--data', stage.path('store')];
    const { code, stderr, stdout } = await stage.cli(args);
    expect(`${stdout}\n${stderr}`).toContain(`${name} is not a file`);
    expect(code).toBe(4);
    rmSync(file(name));
    renameSync(stage.path('aside'), file(name));
  }
});
