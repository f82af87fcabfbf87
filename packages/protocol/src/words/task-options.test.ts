import { describe, expect, test } from 'vitest';
import { codeOf, RetryAfter, Snooze } from './errors.ts';
import { checkTaskOptions, type TaskOptions } from './task-options.ts';

const refusal = (check: () => unknown): string => {
  try {
    check();
  } catch (error) {
    expect(codeOf(error)).toBe('BAD_OPTION');
    return error instanceof Error ? error.message : '';
  }
  throw new Error('it was accepted');
};

const refused = (options: object): string => refusal(() => checkTaskOptions(options, 'task t'));

describe('options of a task', () => {
  test.each<TaskOptions>([
    {},
    { priority: -128, deadlineMs: null, attempts: 1, expiresInMs: 1, delayMs: 0 },
    { runAt: new Date(0) },
    { retry: {} },
    { retry: { attempts: 3, backoff: { baseMs: 1 }, jitter: 0 } },
    { retry: { backoff: { baseMs: 1, factor: 1.5, maxMs: 1 } } },
    { retry: { backoff: { fixedMs: 0 } } },
    { retry: { backoff: [0, 5] } },
    { idempotencyKey: 'k' },
    { idempotencyKey: { key: 'k', until: 'finished' } },
    { debounce: { key: 'k', ms: 5, maxWaitMs: 9 } },
    { replace: { key: 'k' }, delayMs: 7 },
  ])('may be %j', (options) => {
    expect(checkTaskOptions(options, 'task t')).toBe(options);
  });

  test.each<[object, RegExp]>([
    [{ priority: 1.5 }, /priority is a whole number from -128 to 127, not 1.5/],
    [{ priority: 128 }, /not 128/],
    [{ priority: '1' }, /not "1"/],
    [{ prioritty: 1 }, /no option 'prioritty' \(did you mean priority\?\)/],
    [{ toString: 1 }, /no option 'toString'/],
    [{ delayMs: 2 ** 60 }, /delayMs is a whole number from 0 to 315360000000/],
    [{ delayMs: Number.NaN }, /not NaN/],
    [{ runAt: new Date('x') }, /runAt is a valid Date, not Invalid Date/],
    [{ runAt: 5 }, /runAt is a valid Date, not 5/],
    [{ runAt: new Date(), delayMs: 1 }, /give runAt or delayMs, not both/],
    [{ attempts: 1, retry: { attempts: 1 } }, /give attempts or retry.attempts, not both/],
    [{ attempts: 0 }, /attempts is a whole number from 1/],
    [{ retry: 5 }, /retry is { attempts, backoff, jitter }, not 5/],
    [{ retry: null }, /retry is { attempts, backoff, jitter }, not null/],
    [{ retry: { atempts: 3 } }, /: no option 'retry\.atempts' \(did you mean attempts\?\)$/],
    [{ retry: { jitter: 1.1 } }, /: retry\.jitter is a number from 0 to 1, not 1\.1$/],
    [{ retry: { jitter: Number.NaN } }, /jitter is a number from 0 to 1, not NaN/],
    [{ retry: { backoff: [] } }, /backoff is a list of 1 to 50 waits, not \[\]/],
    [{ retry: { backoff: Array(51).fill(1) } }, /a list of 1 to 50 waits/],
    [{ retry: { backoff: [1, -1] } }, /: retry\.backoff\[1\] is a whole .* to \d+, not -1$/],
    [{ retry: { backoff: {} } }, /backoff is { baseMs, factor, maxMs }, { fixedMs } or a list/],
    [{ retry: { backoff: { fixedMs: 1, baseMs: 1 } } }, /backoff is { baseMs, factor, maxMs }/],
    [
      { retry: { backoff: { fixedMs: 1, factor: 2 } } },
      /: no option 'retry\.backoff\.factor'; choose from fixedMs$/,
    ],
    [{ retry: { backoff: { baseMs: 0 } } }, /: retry\.backoff\.baseMs is a whole .* \d+, not 0$/],
    [{ retry: { backoff: { baseMs: 1, factor: 0.5 } } }, /factor is a number from 1 to 100/],
    [{ retry: { backoff: { baseMs: 1, factor: Infinity } } }, /factor is a number from 1 to 100/],
    [{ idempotencyKey: '' }, /idempotencyKey is a text of 1 to 200 bytes/],
    [{ idempotencyKey: 'x'.repeat(10_000) }, /idempotencyKey is a text of 1 to 200 bytes/],
    [{ idempotencyKey: 7 }, /idempotencyKey is a text of 1 to 200 bytes/],
    [{ idempotencyKey: { forMs: 5 } }, /idempotencyKey is a text or { key, until, forMs }/],
    [
      { idempotencyKey: { key: 'k', forMs: 0 } },
      /: idempotencyKey\.forMs is a whole number from 1 to \d+, not 0$/,
    ],
    [{ idempotencyKey: { key: 'k', forMs: 5, until: 'finished' } }, /not both/],
    [
      { idempotencyKey: { key: 'k', until: 'dead' } },
      /: idempotencyKey\.until is 'finished', not "dead"$/,
    ],
    [
      { idempotencyKey: 'k', throttle: { key: 'k', ms: 5 } },
      /give one of idempotencyKey, throttle/,
    ],
    [{ debounce: { key: 'k' } }, /debounce is { key, ms, maxWaitMs }/],
    [{ debounce: { key: 'k', ms: 5 }, delayMs: 5 }, /give no delayMs or runAt beside it/],
    [{ replace: { key: 'a\0b' } }, /key is a text of 1 to 200 bytes without NUL/],
    [{ idempotencyKey: 'a\ud800' }, /without NUL or halves of surrogate pairs/],
  ])('may not be %j', (options, message) => {
    expect(refused(options)).toMatch(message);
  });
});

test('a time that has passed is no wait', () => {
  expect(new RetryAfter(new Date(0)).waitMs).toBe(0);
  expect(new Snooze(-5).waitMs).toBe(0);
});

test.each([Number.NaN, Infinity, 2 ** 60, new Date('x'), '5', undefined, {}])(
  'a handler may not ask for the wait %s',
  (wait) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JavaScript can pass anything
    const given = wait as number;
    expect(refusal(() => new RetryAfter(given))).toMatch(
      /RetryAfter: a wait of 0 to \d+ ms or a valid Date/,
    );
    expect(refusal(() => new Snooze(given))).toMatch(/Snooze: a wait/);
  },
);
