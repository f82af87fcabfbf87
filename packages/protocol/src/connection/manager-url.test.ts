import { expect, test } from 'vitest';
import { managerUrl } from './manager-url.ts';

test.each([
  ['ws://host', 'ws://host:7420'],
  ['ws://host/', 'ws://host:7420/'],
  ['ws://host:', 'ws://host:7420'],
  ['ws://host/queues', 'ws://host:7420/queues'],
  ['ws://host?a=b', 'ws://host:7420?a=b'],
  ['ws://[::1]', 'ws://[::1]:7420'],
  ['ws://[::1]:80', 'ws://[::1]:80'],
  ['ws://host:80', 'ws://host:80'],
  ['ws://host:7421/queues', 'ws://host:7421/queues'],
  ['ws://user:word@host/queues', 'ws://user:word@host:7420/queues'],
  ['wss://host', 'wss://host'],
])('%s is %s', (given, meant) => {
  expect(managerUrl(given)).toBe(meant);
});

test.each(['host', 'http://host', 'ws://', 'ws://host#here', ''])('%j is refused', (url) => {
  expect(() => managerUrl(url)).toThrow(/the URL of a manager is ws:\/\/HOST:PORT/);
});
