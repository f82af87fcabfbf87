import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineTask } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { disks, fill, mountMissing } from '../support/small-disk.ts';
import { type CliResult, type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const mounts = disks();
const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));
const unhandled = defineTask<string, null>('unhandled');
const DISK_BYTES = 32 * 1_024 * 1_024;
const TASKS = 4;
const TEXT_CHARS = 300_000;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

if (mountMissing !== undefined) {
  console.log(`disks of the store: skipped: a small tmpfs cannot be mounted: ${mountMissing}`);
}

const store = (...args: readonly string[]): Promise<CliResult> => stage.cli(['store', ...args]);
const data = (name = 'store'): string[] => ['--data', stage.path(name)];

const enqueue = async (): Promise<void> => {
  const client = await stage.connect();
  for (let n = 0; n < TASKS; n++) {
    await client.enqueue(unhandled, 'x'.repeat(TEXT_CHARS));
  }
  await client.close();
};

/** Expects that a command failed with one line, which says what happened and what to do. */
const expectRefused = ({ code, stderr }: CliResult, said: RegExp): void => {
  expect(stderr).toMatch(/^millrace: STORE_FAILED: the store in \S+: [^\n]+; [^\n]+$/);
  expect(stderr).toMatch(said);
  expect(code).toBe(4);
};

/** Runs a command of the store under a limit on the size of files, so that a real write fails. */
const limited = async (kib: number, ...args: readonly string[]): Promise<CliResult> => {
  const command = `ulimit -f ${kib}; exec "$0" "$@"`;
  const child = stage.program('limited', [
    'bash',
    '-c',
    command,
    process.execPath,
    millraceBin,
    'store',
    ...args,
  ]);
  const exit = await child.closed;
  return { ...exit, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
};

const refusesToStart = async (name: string): Promise<void> => {
  const manager = stage.launchManager({ data: name });
  expect(await manager.closed).toEqual({ code: 4, signal: null });
  expect(manager.stderr).toHaveLength(1);
};

test.skipIf(mountMissing !== undefined)(
  'a full disk refuses a backup, a restore and a compaction, and harms neither manager nor store',
  async () => {
    const disk = mounts.small(stage.path('disk'), DISK_BYTES);
    const manager = await stage.manager({ data: 'disk/store' });
    await enqueue();
    const ballast = await fill(disk, DISK_BYTES / 8);
    expectRefused(
      await store('backup', stage.path('disk/backup'), ...data('disk/store')),
      /has too little free space/,
    );
    expect(readdirSync(stage.path('disk/backup'))).toEqual([]);
    await rm(ballast);
    expect(await store('backup', stage.path('backup'), ...data('disk/store'))).toMatchObject({
      code: 0,
    });
    await manager.end('SIGTERM');

    await fill(disk, DISK_BYTES / 8);
    expectRefused(await store('compact', ...data('disk/store')), /has too little free space/);
    expectRefused(
      await store('restore', stage.path('backup'), ...data('disk/other')),
      /has too little free space/,
    );
    await refusesToStart('disk/other');
    expect(await store('check', ...data('disk/store'))).toMatchObject({ code: 0 });
    await rm(ballast);
    expect(await store('restore', stage.path('backup'), ...data('disk/other'))).toMatchObject({
      code: 0,
    });
    await stage.manager({ data: 'disk/store' });
  },
);

test.skipIf(mountMissing !== undefined)(
  'on a read-only file system, commands that write are refused, and a store and a backup can be read',
  async () => {
    const manager = await stage.manager();
    await enqueue();
    expect(await store('backup', stage.path('backup'), ...data())).toMatchObject({ code: 0 });
    mkdirSync(stage.path('empty'));
    const ends = [mounts.readOnly(stage.path('empty')), mounts.readOnly(stage.path('backup'))];
    const readOnly = /the file system is read-only/;
    expectRefused(await store('backup', stage.path('empty/backup'), ...data()), readOnly);
    expectRefused(await store('restore', stage.path('backup'), ...data('empty/store')), readOnly);
    expect(await store('check', ...data('backup'))).toMatchObject({ code: 0, stderr: '' });
    await enqueue();
    await manager.end('SIGTERM');

    ends.push(mounts.readOnly(stage.path('store')));
    expectRefused(await store('compact', ...data()), readOnly);
    expectRefused(await store('backup', stage.path('other'), ...data()), readOnly);
    expect(await store('check', ...data())).toMatchObject({ code: 0, stderr: '' });
    expect(await store('stats', ...data())).toMatchObject({ code: 0, stderr: '' });
    await refusesToStart('store');
    ends.forEach((end) => end());
    await stage.manager();
  },
);

const TREE_KIB = 200;
const LOG_KIB = 3_000;

test('a backup whose write fails leaves nothing behind, and its manager goes on', async () => {
  await stage.manager();
  await enqueue();
  expectRefused(await limited(TREE_KIB, 'backup', stage.path('backup'), ...data()), /file grew/);
  expect(readdirSync(stage.path('backup'))).toEqual([]);
  await enqueue();
  expect(await store('backup', stage.path('backup'), ...data())).toMatchObject({ code: 0 });
});

test('a restore whose write fails, of the tree or of the log, leaves a directory that no manager takes, and can be repeated', async () => {
  const manager = await stage.manager();
  await enqueue();
  await manager.end('SIGTERM');
  expect(await store('backup', stage.path('backup'), ...data())).toMatchObject({ code: 0 });
  for (const kib of [TREE_KIB, LOG_KIB]) {
    const into = `restored-${kib}`;
    expectRefused(await limited(kib, 'restore', stage.path('backup'), ...data(into)), /file grew/);
    expect(readdirSync(stage.path(into))).toEqual(['store.json']);
    await refusesToStart(into);
    expect(await store('restore', stage.path('backup'), ...data(into))).toMatchObject({ code: 0 });
    expect(await store('check', ...data(into))).toMatchObject({ code: 0 });
  }
});

test('a compaction whose write fails leaves the store as it was', async () => {
  const manager = await stage.manager();
  await enqueue();
  await manager.end('SIGTERM');
  expect(await limited(TREE_KIB, 'compact', ...data())).toMatchObject({
    code: 4,
    // LMDB itself prints a line about the failed write first.
    stderr: expect.stringMatching(
      /^millrace: STORE_FAILED: the store in \S+: (the disk reports an error|a file grew)/m,
    ),
  });
  expect(existsSync(stage.path('store/.compacting'))).toBe(false);
  expect(await store('check', ...data())).toMatchObject({ code: 0 });
  expect(await store('compact', ...data())).toMatchObject({ code: 0 });
});
