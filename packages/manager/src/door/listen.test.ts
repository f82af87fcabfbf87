import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { Manager } from '../manager.ts';
import { authorityOf, isLoopback } from './listen.ts';

test.each(['localhost', '::1', '127.0.0.1', '127.8.9.10'])('%s is loopback', (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each(['127.example.com', '127.0.0.1.example.com', '0.0.0.0', '::', '128.0.0.1', ''])(
  "'%s' is not loopback",
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);

test('an IPv6 address stands in brackets in a URL', () => {
  expect(authorityOf('::1', 7420)).toBe('[::1]:7420');
  expect(authorityOf('127.0.0.1', 7420)).toBe('127.0.0.1:7420');
});

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

test.skipIf(!hasIPv6)(
  'a manager on the IPv6 loopback answers the URL that reaches it',
  async () => {
    const manager = new Manager({
      host: '::1',
      port: 0,
      authkey: 'k',
      http: { host: '::1', port: 0 },
    });
    const { httpUrl = '', url } = await manager.start();
    expect(new URL(url).hostname).toBe('[::1]');
    expect((await fetch(`${httpUrl}/livez`)).status).toBe(200);
    await manager.stop();
  },
);
