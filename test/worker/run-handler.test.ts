import { defineTask, limits, MillraceError, type TaskError } from '@millrace/protocol';
import { createExecutor, handler } from '@millrace/worker';
import { describe, expect, test, vi } from 'vitest';
import { assign } from '../support/fixtures/assignment.ts';

const task = defineTask('task');

const errorOf = async (throwing: () => unknown): Promise<TaskError> => {
  const executor = await createExecutor({ handlers: [handler(task, throwing)] });
  const attempt = await executor.run(0, assign(task)).finished;
  if (attempt.kind !== 'failed') {
    throw new Error(`the attempt ${attempt.kind}`);
  }
  return attempt.error;
};

const throwing = (thrown: unknown) => (): never => {
  throw thrown;
};

const trap = (): never => {
  throw new Error('a trap');
};

const withGetters: unknown = Object.create(Error.prototype, {
  name: { get: trap },
  message: { get: trap },
  stack: { get: trap },
  code: { get: trap },
});

const allTraps = new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap });

describe('a value that a handler throws', () => {
  test.each<[string, unknown, string]>([
    ['a string', 'no pixels', 'no pixels'],
    ['an object', { status: 404 }, '{ status: 404 }'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object without a prototype', Object.create(null), '[Object: null prototype] {}'],
    ['an error whose message is no text', Object.assign(new Error('x'), { message: 4 }), '4'],
  ])('is told as it is: %s', async (_what, thrown, message) => {
    const error = await errorOf(throwing(thrown));
    expect(error).toMatchObject({ name: 'Error', retry: true });
    expect(error.message).toContain(message);
  });

  test.each([
    ['an error whose getters throw', withGetters],
    ['a proxy whose traps throw', allTraps],
  ])('never harms the worker: %s', async (_what, thrown) => {
    expect(await errorOf(throwing(thrown))).toMatchObject({ name: 'Error', retry: true });
  });

  test('is cut to its bounds, between characters', async () => {
    const thrown = Object.assign(new Error('é'.repeat(limits.errorMessageMaxBytes)), {
      stack: `x${'é'.repeat(limits.errorStackMaxBytes)}`,
    });
    const { message, stack } = await errorOf(throwing(thrown));
    expect(message).toBe('é'.repeat(limits.errorMessageMaxBytes / 2));
    expect(stack).toBe(`x${'é'.repeat(limits.errorStackMaxBytes / 2 - 1)}`);
  });

  test('takes the code of a millrace error as its name', async () => {
    const error = await errorOf(throwing(new MillraceError('QUEUE_FULL', 'no room')));
    expect(error).toMatchObject({ name: 'QUEUE_FULL', message: 'no room', retry: true });
  });

  test('is recognized as Unrecoverable by its name alone', async () => {
    class Unrecoverable extends Error {
      override readonly name = 'Unrecoverable';
    }
    expect(await errorOf(throwing(new Unrecoverable('gone')))).toMatchObject({ retry: false });
  });

  test('may be retried although it looks like a refused payload', async () => {
    const thrown = new MillraceError('SCHEMA_MISMATCH', 'of another task');
    expect(await errorOf(throwing(thrown))).toMatchObject({ retry: true });
  });

  test('may be the reason of a rejected promise', async () => {
    const error = await errorOf(() => Promise.reject(new RangeError('late')));
    expect(error).toMatchObject({ name: 'RangeError', message: 'late' });
  });
});

describe('a value that a handler returns', () => {
  test('ends the task for good if it cannot be encoded', async () => {
    const error = await errorOf(() => trap);
    expect(error).toMatchObject({ name: 'PAYLOAD_INVALID', retry: false });
    expect(error.message).toContain("result of task 'task'");
  });

  test('ends the task for good if it does not fit into a payload', async () => {
    const error = await errorOf(() => 'x'.repeat(limits.payloadMaxBytes));
    expect(error).toMatchObject({ name: 'PAYLOAD_TOO_LARGE', retry: false });
  });
});

describe('a line that a handler logs', () => {
  test('goes to stderr under the id of its task', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const assignment = assign(task);
    const executor = await createExecutor({
      handlers: [handler(task, (_input, { log }) => log.warn('%d of', 3, { width: 4 }))],
    });
    await executor.run(0, assignment).finished;
    const lines = write.mock.calls.map(([line]) => line);
    write.mockRestore();
    const said = lines.map((line): unknown => JSON.parse(String(line)));
    expect(said).toEqual([
      {
        level: 40,
        time: expect.any(Number),
        pid: process.pid,
        task: assignment.token.taskId,
        msg: '3 of { width: 4 }',
      },
    ]);
  });
});
