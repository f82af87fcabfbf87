import { type Asked, codeOf, type Message, MillraceError, systemClock } from '@millrace/protocol';
import { expect, test } from 'vitest';
import type { CallPort } from './calls/port.ts';
import { TaskHandle } from './task-handle.ts';

/** A task behind a connection: each request is sent so many times, and then answered. */
const taskBehind = (times: number, answer: Message | MillraceError): TaskHandle => {
  const port: CallPort = {
    clock: systemClock,
    payloadMaxBytes: () => 1_000,
    newTaskId: () => 't-2',
    ask(asked: Asked) {
      for (let i = 0; i < times; i++) {
        asked.build(1);
      }
      if (answer instanceof MillraceError) {
        asked.failed(answer);
      } else {
        asked.answered(answer);
      }
    },
  };
  return new TaskHandle('t-1', port);
};

const gone = new MillraceError('RESULT_REMOVED', 'no longer kept');
const ended: Message = { verb: 'cancelled', requestId: 1, answer: 'finished', state: 'cancelled' };

test('a drop that is sent again takes what it finds gone for its own work', async () => {
  await taskBehind(2, gone).drop();
  expect(await taskBehind(1, gone).drop().catch(codeOf)).toBe('RESULT_REMOVED');
});

test('a cancel that is sent again takes what it finds cancelled for its own work', async () => {
  expect(await taskBehind(2, ended).cancel()).toBe('cancelled');
  expect(await taskBehind(1, ended).cancel()).toBe('finished');
  expect(await taskBehind(2, { ...ended, state: 'succeeded' }).cancel()).toBe('finished');
});
