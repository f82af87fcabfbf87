import { defineTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { isAlive } from '../support/fixtures/kernel.ts';
import { Lighthouse } from '../support/fixtures/lighthouse.ts';
import { stages } from '../support/stage.ts';

const openStage = stages();
const handlers = new URL('../support/fixtures/modules/slow-process.ts', import.meta.url);

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'the processes of a worker outlive a signal to all of them, and the worker drains: %s',
  async (signal) => {
    const stage = await openStage();
    await stage.manager();
    const lighthouse = await Lighthouse.open();
    const worker = await stage.worker(handlers);
    const client = await stage.connect();
    const slow = defineTask<{ path: string }, number>('slow', { attempts: 1 });
    const at = { path: lighthouse.path };
    const tasks = await client.enqueueMany(slow, [at, at]);
    const beacons = [await lighthouse.next(), await lighthouse.next()];
    const slots = beacons.map(({ text }) => Number(text));
    // As a terminal, pm2 and systemd do it. SIGHUP alone is not handled by the worker.
    for (const pid of slots) {
      process.kill(pid, signal);
    }
    worker.signal(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    await worker.line(/draining/);
    for (const beacon of beacons) {
      beacon.release();
    }
    expect(await Promise.all(tasks.map((task) => task.result()))).toEqual([1, 1]);
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    expect(worker.output).not.toContain('RUNNER_DIED');
    expect(slots.filter(isAlive)).toEqual([]);
    await lighthouse.close();
  },
);
