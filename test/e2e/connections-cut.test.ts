import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Cut, FarHost } from '../support/far-host.ts';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { stages } from '../support/stage.ts';
import { waiting } from './tasks.ts';

const openStage = stages();
const handlers = new URL('handlers.ts', import.meta.url);
const millraceBin = fileURLToPath(new URL('./bin.js', import.meta.resolve('millrace')));

const cuts: readonly Cut[] = ['both ways', 'from the far host', 'to the far host'];

/** Cuts the link of a worker that runs a task; resolves when another worker runs the task. */
const missed = async (host: FarHost, cut: Cut): Promise<void> => {
  const stage = await openStage();
  await stage.manager({ args: ['--host', host.nearAddress, '--insecure'] });
  const client = await stage.connect();
  const lighthouse = await Lighthouse.open();
  const worker = ['worker', fileURLToPath(handlers), '--name', 'far'];
  const far = stage.program('far', [...host.under, process.execPath, millraceBin, ...worker]);
  await far.line(/connected to ws/);
  const handle = await client.enqueue(waiting, { path: lighthouse.path });
  await lighthouse.next();
  await stage.worker(handlers, { name: 'near' });
  const cutAtMs = performance.now();
  host.cut(cut);
  const second = await lighthouse.next();
  const tookMs = performance.now() - cutAtMs;
  console.log(`cut ${cut}: the task runs elsewhere after ${(tookMs / 1_000).toFixed(1)} s`);
  expect((await client.status()).attention).toContainEqual(
    expect.objectContaining({ kind: 'worker-lost', subject: 'far' }),
  );
  second.release();
  expect(await handle.result()).toBe('released');
  await far.end('SIGKILL');
  await lighthouse.close();
};

test('a worker whose link is cut silently, in any direction, is missed, and its task runs elsewhere', async () => {
  const hosts = cuts.map(() => FarHost.open());
  try {
    await Promise.all(
      cuts.map(async (cut, index) => {
        const host = hosts[index];
        // Where there is no host, the reason has been printed.
        if (host !== undefined) {
          await missed(host, cut);
        }
      }),
    );
  } finally {
    for (const host of hosts) {
      host?.close();
    }
  }
});
