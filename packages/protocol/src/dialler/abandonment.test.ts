import { expect, test } from 'vitest';
import { QueueEmpty } from '../words/errors.ts';
import { changeAbandoned, readAbandoned } from './abandonment.ts';

test('the time of a call is told in whole milliseconds, also when it is what other steps left', () => {
  const end = { wasSent: false, isAborted: false, cause: undefined };
  expect(readAbandoned(end, 'a page', 299.969).message).toContain('within 300 ms');
  expect(changeAbandoned(end, 'the put', 299.969, 'it may').message).toContain('within 300 ms');
  const sent = { ...end, wasSent: true };
  expect(changeAbandoned(sent, 'the put', 0.4, 'it may').message).toContain('within 0 ms');
});

test('a queue that was not waited for is said to be empty', () => {
  expect(new QueueEmpty('q', 50).message).toBe("queue 'q' stayed empty for 50 ms");
  expect(new QueueEmpty('q', 0).message).toBe("queue 'q' is empty");
  expect(new QueueEmpty('q', -1).message).toBe("queue 'q' is empty");
});
