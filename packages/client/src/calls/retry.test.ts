import { type Asked, type Message, systemClock } from '@millrace/protocol';
import { expect, test } from 'vitest';
import type { CallPort } from './port.ts';
import { retryAll } from './retry.ts';

/** A page with one dead task that is far older than the call, as a slow answer makes it look. */
const pageOf = (taskId: string, next: string | undefined): Message => ({
  verb: 'taskPage',
  requestId: 1,
  tasks: [
    {
      taskId,
      queue: 'mail',
      name: 'send',
      state: 'dead',
      priority: 0,
      failures: 1,
      losses: 0,
      ageMs: 60_000,
      dueInMs: undefined,
      error: undefined,
    },
  ],
  next,
});

test('a retried task that dies before the next page is not retried by the same call', async () => {
  const pages = [pageOf('old', 'more'), pageOf('new', undefined)];
  const retried: string[] = [];
  const answerTo = (request: Message): Message => {
    if (request.verb !== 'retry') {
      return pages.shift() ?? pageOf('none', undefined);
    }
    retried.push(request.taskId);
    return { verb: 'retried', requestId: 1 };
  };
  const port: CallPort = {
    clock: systemClock,
    payloadMaxBytes: () => 1_000,
    newTaskId: () => 'new',
    ask: (asked: Asked) => asked.answered(answerTo(asked.build(1))),
  };
  expect(await retryAll(port, {}, {})).toBe(1);
  expect(retried).toEqual(['old']);
});
