import { expect, test, vi } from 'vitest';
import { codeOf, MillraceError, QueueEmpty, QueueFull } from './errors.ts';

/** A second copy of the classes, as a process has that loads two copies of the package. */
const anotherCopy = async () => {
  vi.resetModules();
  return import('./errors.ts');
};

test('an error of another copy of the package is an instance of the same kind', async () => {
  const other = await anotherCopy();
  const empty = new other.QueueEmpty('q', 5);
  expect(other.QueueEmpty).not.toBe(QueueEmpty);
  expect(empty instanceof MillraceError).toBe(true);
  expect(empty instanceof QueueEmpty).toBe(true);
  expect(empty instanceof QueueFull).toBe(false);
  expect(codeOf(empty)).toBe('QUEUE_EMPTY');
});

test('a class that extends one of these has only its own instances', async () => {
  class Mine extends MillraceError {}
  const other = await anotherCopy();
  expect(new Mine('TIMEOUT', 'mine') instanceof Mine).toBe(true);
  expect(new MillraceError('TIMEOUT', 'theirs') instanceof Mine).toBe(false);
  expect(new other.MillraceError('TIMEOUT', 'theirs') instanceof Mine).toBe(false);
});

test.each([
  Object.assign(new Error('connect timed out'), { code: 'TIMEOUT' }),
  Object.assign(new Error('unknown host'), { code: 'UNKNOWN' }),
  Object.assign(new Error('x'), { name: 'MillraceError', code: 'TIMEOUT' }),
  { code: 'TIMEOUT' },
  undefined,
])('the code of an error of somebody else is none of millrace: %s', (error) => {
  expect(codeOf(error)).toBeUndefined();
  expect(error instanceof MillraceError).toBe(false);
});
