import { describe, expect, test } from 'vitest';
import { codeOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import type { NewTask } from './enqueue.ts';
import { decodeFrame, encodeFrame } from './frame.ts';

/** The code and text with which a manager refuses a task with these options. */
const refusalOf = (options: NonNullable<NewTask['options']>): string => {
  const task: NewTask = {
    taskId: 't1',
    queue: 'q',
    name: 'work',
    payload: new Uint8Array(1),
    priority: 0,
    delayMs: 0,
    deadlineMs: null,
    attempts: 1,
    expiresInMs: undefined,
    options,
  };
  const frame = encodeFrame([
    { verb: 'enqueue', requestId: 1, waitMs: 0, tasks: [task], awaitMs: undefined },
  ]);
  try {
    decodeFrame(frame);
    return 'none';
  } catch (error) {
    return `${codeOf(error)}: ${error instanceof Error ? error.message : ''}`;
  }
};

const policy = { waitsMs: [1], factor: 2, maxMs: 10, jitter: 0 };
const once = { key: 'k', forMs: undefined };
const latest = { key: 'k', waitMs: undefined, maxWaitMs: undefined };

describe('a manager refuses from any client what the SDK refuses:', () => {
  test.each<[NonNullable<NewTask['options']>, string]>([
    [{ retryPolicy: { ...policy, waitsMs: [] } }, 'a list of 1 to 50'],
    [{ retryPolicy: { ...policy, waitsMs: Array<number>(51).fill(1) } }, 'a list of 1 to 50'],
    [{ retryPolicy: { ...policy, factor: 0.5 } }, 'number 1…100'],
    [{ once: { ...once, key: '' } }, 'a text that is not empty'],
    [{ latest: { ...latest, key: '' } }, 'a text that is not empty'],
    [{ once: { ...once, key: '€'.repeat(67) } }, 'text of at most 200 bytes'],
    [{ once, latest }, 'once or latest, not both'],
    [{ version: 0 }, 'integer 1…1000000'],
  ])('options %#', (options, text) => {
    expect(refusalOf(options)).toMatch(/^BAD_FIELD: /);
    expect(refusalOf(options)).toContain(text);
  });

  test('but takes the longest key and the longest list', () => {
    const waitsMs = Array<number>(limits.backoffWaitsMax).fill(limits.delayMaxMs);
    expect(refusalOf({ retryPolicy: { ...policy, waitsMs, factor: 100 } })).toBe('none');
    expect(refusalOf({ once: { ...once, key: '💥'.repeat(50) } })).toBe('none');
  });
});
