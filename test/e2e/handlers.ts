import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Snooze, Unrecoverable } from '@millrace/protocol';
import { handler } from '@millrace/worker';
import { signalTo, waitAt } from '../support/fixtures/lighthouse.ts';
import { momentUs } from '../support/moment.ts';
import { place } from './place.ts';
import * as tasks from './tasks.ts';

let count = 0;

/** Tasks that were put off once. */
const snoozed = new Set<string>();

/** All of them run inline, so a worker of them has no thread and no process to start. */
export default [
  handler(tasks.inlinePlace, place),
  handler(tasks.flaky, ({ failures }, { attempt }) => {
    if (attempt <= failures) {
      throw new TypeError(`attempt ${attempt} is not the last`);
    }
    return { attempt };
  }),
  handler(tasks.drowsy, (_input, { attempt, taskId }) => {
    if (!snoozed.has(taskId)) {
      snoozed.add(taskId);
      throw new Snooze(1);
    }
    return attempt;
  }),
  handler(tasks.hopeless, () => {
    throw new Unrecoverable('gone for good');
  }),
  handler(tasks.judged, ({ message }) => {
    if (message.startsWith('fine')) {
      return message;
    }
    throw new Unrecoverable(message);
  }),
  handler(tasks.double, ({ n }) => 2 * n),
  handler(tasks.patient, async ({ path }, { signal }) => {
    const socket = await signalTo(path, 'waiting');
    await once(signal, 'abort');
    socket.destroy();
    throw signal.reason;
  }),
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
