import { rm } from 'node:fs/promises';
import type { Client } from '@millrace/client';
import { codeOf, defineTask } from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { expect, test } from 'vitest';
import { disks, fill, mountMissing } from '../../support/small-disk.ts';
import { type Stage, stages } from '../../support/stage.ts';

const openStage = stages();
const mounts = disks();

const QUEUE = 'work';
const ITEMS = 'items';
const args = ['--queue', QUEUE, '--queue', ITEMS];
const work = defineTask<string, number>('work', { queue: QUEUE });
const DISK_BYTES = 16 * 1024 * 1024;
const TASKS = 20;
/** These tasks together are larger than the log. */
const BURST = 100;
const TEXT_CHARS = 100_000;

if (mountMissing !== undefined) {
  console.log(`disk full: skipped: a small tmpfs cannot be mounted: ${mountMissing}`);
}

const smallDisk = (stage: Stage): string => mounts.small(stage.path('store'), DISK_BYTES);

/** The code of the refusal, or undefined when the task was accepted. */
const tryEnqueue = async (client: Client, text: string): Promise<string | undefined> => {
  try {
    await client.enqueue(work, text);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
};

const enqueueUntil = async (client: Client, code: string | undefined): Promise<void> => {
  await expect.poll(() => tryEnqueue(client, 'probe')).toBe(code);
};

/** Enqueues more than the disk has room for: each task is written or refused, or its write fails. */
const sendBurst = async (client: Client, acknowledged: string[]): Promise<void> => {
  const text = 'x'.repeat(TEXT_CHARS);
  const calls = Array.from({ length: BURST }, async () => {
    const { id } = await client.enqueue(work, text);
    acknowledged.push(id);
  });
  await Promise.allSettled(calls);
};

test.skipIf(mountMissing !== undefined)(
  'on a full disk new work is refused with STORE_FULL until there is room, and old work still ends',
  async () => {
    const stage = await openStage();
    const disk = smallDisk(stage);
    await stage.manager({ args });
    const client = await stage.connect();
    const items = client.queue<number>(ITEMS);
    const handles = await client.enqueueMany(
      work,
      Array.from({ length: TASKS }, (_, n) => String(n)),
    );
    const held = await client.enqueue(work, 'to be cancelled', { delayMs: 3_600_000 });
    await items.put(1);

    const ballast = await fill(disk, DISK_BYTES / 20);
    await enqueueUntil(client, 'STORE_FULL');
    await expect(items.put(2)).rejects.toMatchObject({ code: 'STORE_FULL' });
    const worker = await Worker.start({
      url: stage.url,
      authkey: stage.authkey,
      handlers: [handler(work, (text) => text.length)],
    });
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results).toHaveLength(TASKS);
    expect(await held.cancel()).toBe('cancelled');
    const item = await items.lease();
    await item.ack();
    expect(await tryEnqueue(client, 'still full')).toBe('STORE_FULL');

    await rm(ballast);
    await enqueueUntil(client, undefined);
    await worker.stop();
  },
);

test.skipIf(mountMissing !== undefined)(
  'a write that finds no space ends the manager with 4, and the next manager has everything acknowledged',
  async () => {
    const stage = await openStage();
    const disk = smallDisk(stage);
    const manager = await stage.manager({ args });
    const client = await stage.connect();
    const acknowledged: string[] = [];
    // The manager samples its disk each second. Right after a sample it refuses the
    // burst instead of writing it; then the disk is emptied and filled again.
    let ballast = await fill(disk, 0);
    for (;;) {
      const burst = sendBurst(client, acknowledged);
      await Promise.race([manager.exited, burst]);
      if (!manager.isRunning) {
        break;
      }
      await rm(ballast);
      await enqueueUntil(client, undefined);
      ballast = await fill(disk, 0);
    }
    await client.close();
    expect(await manager.closed).toEqual({ code: 4, signal: null });
    expect(manager.stderr.at(-1)).toMatch(
      /^millrace: STORE_FAILED: the store failed: .*no space left on device/i,
    );
    expect(manager.output).not.toMatch(/unhandled/i);

    await rm(ballast);
    await stage.manager({ args });
    const again = await stage.connect();
    for (const taskId of acknowledged) {
      expect((await again.task(taskId).inspect()).state).toBe('ready');
    }
    expect(await tryEnqueue(again, 'after')).toBeUndefined();
  },
);
