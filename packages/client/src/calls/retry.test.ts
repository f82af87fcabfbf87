import { type Asked, type Message, MillraceError, systemClock } from '@millrace/protocol';
import { expect, test } from 'vitest';
import type { CallPort } from './port.ts';
import { retryAll } from './retry.ts';

/** A page with dead tasks that are far older than the call, as a slow answer makes them look. */
const pageOf = (taskIds: readonly string[], next: string | undefined): Message => ({
  verb: 'taskPage',
  requestId: 1,
  tasks: taskIds.map((taskId) => ({
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
  })),
  next,
});

const portOf = (ask: CallPort['ask']): CallPort => ({
  clock: systemClock,
  payloadMaxBytes: () => 1_000,
  newTaskId: () => 'new',
  ask,
});

test('a retried task that dies before the next page is not retried by the same call', async () => {
  const pages = [pageOf(['old'], 'more'), pageOf(['new'], undefined)];
  const retried: string[] = [];
  const answerTo = (request: Message): Message => {
    if (request.verb !== 'retry') {
      return pages.shift() ?? pageOf([], undefined);
    }
    retried.push(request.taskId);
    return { verb: 'retried', requestId: 1 };
  };
  const port = portOf((asked: Asked) => asked.answered(answerTo(asked.build(1))));
  expect(await retryAll(port, {}, {})).toBe(1);
  expect(retried).toEqual(['old']);
});

test('a task whose key another task has stays dead, and all others are retried', async () => {
  const retried: string[] = [];
  const port = portOf((asked: Asked) => {
    const request = asked.build(1);
    if (request.verb !== 'retry') {
      asked.answered(pageOf(['one', 'taken', 'two'], undefined));
    } else if (request.taskId === 'taken') {
      asked.failed(new MillraceError('KEY_IN_USE', 'another task has it'));
    } else {
      retried.push(request.taskId);
      asked.answered({ verb: 'retried', requestId: 1 });
    }
  });
  expect(await retryAll(port, {}, {})).toBe(2);
  expect(retried).toEqual(['one', 'two']);
});

test('a dry run reads whole pages, however low the rate is', async () => {
  const limits: (number | undefined)[] = [];
  const port = portOf((asked: Asked) => {
    const request = asked.build(1);
    limits.push(request.verb === 'listTasks' ? request.limit : undefined);
    asked.answered(pageOf(['one'], undefined));
  });
  expect(await retryAll(port, {}, { isDryRun: true, maxPerSecond: 1 })).toBe(1);
  expect(limits).toEqual([100]);
});
