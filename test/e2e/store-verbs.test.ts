import { copyFile, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { diskJournal } from '@millrace/manager/internals';
import { defineTask, systemClock } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { attach, oneCommitter, straceMissing } from '../faults/crash-points/strace.ts';
import { type CliResult, type Stage, stages } from '../support/stage.ts';

const openStage = stages();
const unhandled = defineTask<string, null>('unhandled');
/** Far longer than the test takes to see that the flush hangs. */
const STALL_MS = 60_000;
const US_PER_MS = 1_000;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

const store = (...args: readonly string[]): Promise<CliResult> => stage.cli(['store', ...args]);
const data = (name = 'store'): string[] => ['--data', stage.path(name)];

/** Stops the manager, and leaves tasks in its store. @returns their ids */
const storeWithTasks = async (count: number): Promise<string[]> => {
  const manager = await stage.manager();
  const client = await stage.connect();
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    ids.push((await client.enqueue(unhandled, `payload ${n} ${'x'.repeat(500)}`)).id);
  }
  await client.close();
  await manager.end('SIGTERM');
  return ids;
};

const expectTasks = async (ids: readonly string[]): Promise<void> => {
  const client = await stage.connect();
  for (const id of ids) {
    expect(await client.task(id).inspect()).toMatchObject({ state: 'ready' });
  }
};

test('a backup under load has every task that was acknowledged before it', async () => {
  const manager = await stage.manager();
  const client = await stage.connect();
  const acknowledged: string[] = [];
  const load = { isOn: true };
  const producer = async (): Promise<void> => {
    while (load.isOn) {
      acknowledged.push((await client.enqueue(unhandled, 'y'.repeat(2_000))).id);
    }
  };
  const producers = Array.from({ length: 8 }, producer);
  while (acknowledged.length < 200) {
    await client.status();
  }
  const before = [...acknowledged];
  expect(await store('backup', stage.path('backup'), ...data())).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(await store('check', ...data())).toMatchObject({ code: 0 });
  load.isOn = false;
  await Promise.all(producers);
  expect(acknowledged.length).toBeGreaterThan(before.length);
  await manager.end('SIGKILL');

  expect(await store('check', ...data('backup'))).toMatchObject({ code: 0 });
  expect(await store('restore', stage.path('backup'), ...data('restored'))).toMatchObject({
    code: 0,
  });
  await stage.manager({ data: 'restored' });
  await expectTasks(before);
});

test('a restore replaces nothing, and takes nothing but a whole backup', async () => {
  await storeWithTasks(1);
  expect(await store('backup', stage.path('backup'), ...data())).toMatchObject({ code: 0 });
  const full = await store('restore', stage.path('backup'), ...data());
  expect(full).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('the directory is not empty'),
  });
  const no = await store('restore', stage.path('store'), ...data('other'));
  expect(no).toMatchObject({ code: 4, stderr: expect.stringContaining('no backup') });
  await stage.manager({ data: 'third' }).then((manager) => manager.end('SIGTERM'));
  expect(await store('backup', stage.path('foreign'), ...data('third'))).toMatchObject({ code: 0 });
  await copyFile(stage.path('backup/store.json'), stage.path('foreign/store.json'));
  const foreign = await store('restore', stage.path('foreign'), ...data('other'));
  expect(foreign).toMatchObject({ code: 4, stderr: expect.stringContaining('not of the same') });
  const path = stage.path('backup/data.mdb');
  const bytes = await readFile(path);
  bytes.write('changed', bytes.indexOf('payload 0'));
  await writeFile(path, bytes);
  const damaged = await store('restore', stage.path('backup'), ...data('other'));
  expect(damaged).toMatchObject({ code: 4, stderr: expect.stringContaining('wrong checksum') });
  const manager = stage.launchManager({ data: 'backup' });
  expect(await manager.closed).toMatchObject({ code: 4 });
  expect(manager.output).toContain('it is a backup');
});

const statsSchema = z.object({
  running: z.boolean(),
  checksums: z.boolean(),
  treeBytes: z.number(),
  rows: z.record(z.string(), z.number()),
});

test('check and stats read a store while its manager runs, and when it is stopped', async () => {
  const manager = await stage.manager();
  const client = await stage.connect();
  await client.enqueue(unhandled, 'a payload');
  await client.close();
  const told: number[] = [];
  for (const running of [true, false]) {
    const check = await store('check', ...data());
    expect(check).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+ rows are whole$/) });
    expect(check.stderr.includes('a manager has the store open')).toBe(running);
    const stats = statsSchema.parse(JSON.parse((await store('stats', '--json', ...data())).stdout));
    expect(stats).toMatchObject({ running, checksums: true });
    told.push(stats.rows['lane'] ?? 0);
    await manager.end('SIGTERM');
  }
  expect(told.at(-1)).toBe(1);
  const people = await store('stats', ...data());
  expect(people.stdout).toMatch(/^manager +stopped$/m);
  expect(people.stdout).toMatch(/^checksums +all values$/m);
});

/** The first two pages of a tree say where the others are. */
const META_PAGES_BYTES = 8_192;

test('a check ends with 4 when records contradict each other, and when a page is damaged', async () => {
  const [id = ''] = await storeWithTasks(2);
  const journal = await diskJournal(stage.path('store'), systemClock);
  await journal.commit([{ key: `t${id}`, value: undefined }]);
  await journal.close();
  const contradicting = await store('check', ...data());
  expect(contradicting.code).toBe(4);
  expect(contradicting.stdout).toMatch(
    /^queue "default": the counter 'ready' is 2, but the tasks add up to 1$/m,
  );
  const path = stage.path('store/data.mdb');
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0, META_PAGES_BYTES));
  expect(await store('check', ...data())).toMatchObject({
    code: 4,
    stdout: expect.stringMatching(/^data\.mdb is damaged: page \d+ /),
    stderr: expect.stringMatching(/^millrace: STORE_FAILED: the store in \S+ is damaged/),
  });
  expect(await store('stats', ...data())).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^millrace: STORE_FAILED: .*data\.mdb is damaged: page \d+ /),
  });
});

test('damage under a running manager is told, and a backup of it is refused and leaves nothing behind', async () => {
  await storeWithTasks(20);
  await stage.manager();
  const path = stage.path('store/data.mdb');
  const bytes = await readFile(path);
  const file = await open(path, 'r+');
  for (let at = bytes.indexOf('payload 7'); at >= 0; at = bytes.indexOf('payload 7', at + 1)) {
    await file.write('changed 7', at);
  }
  await file.close();
  const wrong =
    /data\.mdb is damaged: the value of the key "t\S+" on page \d+ has a wrong checksum/;
  const check = await store('check', ...data());
  expect(check).toMatchObject({ code: 4, stdout: expect.stringMatching(wrong) });
  expect(check.stderr).toMatch(/a manager has the store open/);
  const backup = await store('backup', stage.path('backup'), ...data());
  expect(backup).toMatchObject({ code: 4, stderr: expect.stringMatching(wrong) });
  expect(await readdir(stage.path('backup'))).toEqual([]);
});

test('a compaction gives space back and keeps every task; it needs a stopped manager', async () => {
  const ids = await storeWithTasks(50);
  const compacted = await store('compact', ...data());
  expect(compacted.code).toBe(0);
  const [, before, after] = /^([\d.]+) KiB before, ([\d.]+) KiB now$/.exec(compacted.stdout) ?? [];
  expect(Number(after)).toBeLessThan(Number(before));
  await stage.manager();
  await expectTasks(ids);
  expect(await store('compact', ...data())).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('STORE_IN_USE'),
  });
});

if (straceMissing !== undefined) {
  console.log(`a disk that hangs: skipped: ${straceMissing}`);
}

test.skipIf(straceMissing !== undefined)(
  'while a flush hangs, the health check answers and the status says that the store is slow',
  async () => {
    const manager = await stage.manager({ env: oneCommitter });
    const [, http = ''] = await manager.line(/"http":"(http:\/\/[^"]+)"/);
    const client = await stage.connect();
    await client.enqueue(unhandled, 'quick');
    const tracer = await attach(stage, manager.pid, {
      syscall: 'pwrite64',
      effect: `delay_enter=${STALL_MS * US_PER_MS}`,
      when: '1+',
      paths: ['log.0', 'log.1'].map((name) => stage.path(`store/${name}`)),
    });
    let isDone = false;
    const slow = client.enqueue(unhandled, 'slow').finally(() => {
      isDone = true;
    });
    for (let isSaid = false; !isSaid; ) {
      expect(isDone).toBe(false);
      expect((await fetch(`${http}/livez`)).status).toBe(200);
      isSaid = (await (await fetch(`${http}/status`)).text()).includes('store-slow');
    }
    // The delayed call goes on once nothing delays it any more.
    await tracer.end('SIGTERM');
    await slow;
  },
);
