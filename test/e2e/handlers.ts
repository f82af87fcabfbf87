import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { Unrecoverable } from '@millrace/protocol';
import { handler } from '@millrace/worker';
import { signalTo, waitAt } from '../support/fixtures/lighthouse.ts';
import { momentUs } from '../support/moment.ts';
import * as tasks from './tasks.ts';

let count = 0;

const place = (): tasks.Place => ({ pid: process.pid, threadId });

export default [
  handler(tasks.inlinePlace, place),
  handler(tasks.threadPlace, place, { runner: 'thread', concurrency: 1 }),
  handler(tasks.processPlace, place, { runner: 'process', concurrency: 1 }),
  handler(tasks.flaky, ({ failures }, { attempt }) => {
    if (attempt <= failures) {
      throw new TypeError(`attempt ${attempt} is not the last`);
    }
    return { attempt };
  }),
  handler(tasks.hopeless, () => {
    throw new Unrecoverable('gone for good');
  }),
  handler(tasks.double, ({ n }) => 2 * n),
  handler(tasks.patient, async ({ path }, { signal }) => {
    const socket = await signalTo(path, 'waiting');
    await once(signal, 'abort');
    socket.destroy();
    throw signal.reason;
  }),
  handler(
    tasks.stubborn,
    async ({ blocks, path }, { attempt }) => {
      await signalTo(path, String(process.pid));
      if (attempt <= blocks) {
        for (;;);
      }
      return { attempt };
    },
    { runner: 'process', concurrency: 1 },
  ),
  handler(tasks.blocking, async ({ fifo, path }) => {
    const socket = await signalTo(path, 'blocking');
    readFileSync(fifo);
    socket.destroy();
    return 'not interrupted';
  }),
  handler(tasks.waiting, async ({ path }) => {
    await waitAt(path, 'waiting');
    return 'released';
  }),
  handler(tasks.moment, momentUs),
  handler(
    tasks.counted,
    () => {
      count += 1;
      return count;
    },
    { concurrency: 1 },
  ),
  handler(tasks.echo, (bytes) => bytes),
];
