import { readdirSync } from 'node:fs';
import { type Client, connect } from '@millrace/client';
import { codeOf, defineTask } from '@millrace/protocol';
import { handler, Worker } from '@millrace/worker';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { Relay } from '../support/relay.ts';
import { SilentSockets } from '../support/silent-sockets.ts';
import { stages } from '../support/stage.ts';
import { hasOpenssl, TlsProxy } from '../support/tls-proxy.ts';

const openStage = stages();

const SILENT = 300;
const WORKERS = 10;
const SLOTS = 2;
const REOPEN_MS = 200;

const gated = defineTask<number, number>('gated');

const open: { close(): unknown }[] = [];

afterEach(async () => {
  // A worker stops before the relay that it talks through.
  await Promise.all(open.splice(1).map((each) => each.close()));
  await open.pop()?.close();
});

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

const kept = <T extends { close(): unknown }>(each: T): T => {
  open.push(each);
  return each;
};

/** Dials until a connection is not refused before the handshake. */
const comeIn = async (url: string, authkey: string): Promise<Client> => {
  for (;;) {
    try {
      return await connect({ url, authkey });
    } catch (error) {
      if (codeOf(error) !== 'CONNECT_FAILED' && codeOf(error) !== 'CONNECTION_LOST') {
        throw error;
      }
    }
  }
};

test('workers come back within their grace while 300 silent sockets of their address fill its places', async () => {
  const stage = await openStage();
  const { port } = await stage.manager();
  const relay = kept(await Relay.open(port));
  const runs = new Map<number, number>();
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let began = (): void => {};
  const allBegan = new Promise<void>((resolve) => {
    began = resolve;
  });
  const gate = handler(
    gated,
    async (n) => {
      runs.set(n, (runs.get(n) ?? 0) + 1);
      if (runs.size === WORKERS * SLOTS) {
        began();
      }
      await released;
      return n;
    },
    { runner: 'inline', concurrency: SLOTS },
  );
  let cuts = 0;
  let backs = 0;
  let back = (): void => {};
  const allBack = new Promise<void>((resolve) => {
    back = resolve;
  });
  await Promise.all(
    Array.from({ length: WORKERS }, async (_, index) => {
      const worker = await Worker.start({
        url: relay.url,
        authkey: stage.authkey,
        name: `w${index}`,
        handlers: [gate],
        onEvent: ({ kind }) => {
          if (kind === 'disconnected') {
            cuts += 1;
          } else if (kind === 'connected' && cuts > 0) {
            backs += 1;
            if (backs === WORKERS) {
              back();
            }
          }
        },
      });
      kept({ close: () => worker.stop() });
    }),
  );
  const client = await stage.connect();
  const handles = await client.enqueueMany(
    gated,
    Array.from({ length: WORKERS * SLOTS }, (_, n) => n),
  );
  await allBegan;
  const silent = kept(await SilentSockets.open(port, SILENT));
  relay.cut();
  await allBack;
  expect((await client.status()).attention).toContainEqual(
    expect.objectContaining({ kind: 'address-crowded', subject: '127.0.0.1' }),
  );
  release();
  expect(await Promise.all(handles.map((handle) => handle.result()))).toHaveLength(WORKERS * SLOTS);
  expect([...runs.values()].filter((count) => count > 1)).toEqual([]);
  const { connections } = await client.status();
  expect(connections.unauthenticated).toBeLessThanOrEqual(256);
  expect(connections.evicted + connections.refused).toBeGreaterThanOrEqual(SILENT - 256);
  silent.close();
});

test.each([
  ['2,000 silent sockets', 2_000, ''],
  ['500 half requests', 500, 'GET / HTTP/1.1\r\nHost: here\r\nX-Slow: '],
  ['500 senders of garbage', 500, '\0\u0001nonsense\r\n\r\n'],
  [
    '500 sockets that upgrade and say nothing',
    500,
    'GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  ],
])('%s disturb no peer that has shown its key, and a newcomer gets in', async (_, count, bytes) => {
  const stage = await openStage();
  const { port } = await stage.manager();
  const client = await stage.connect();
  const queue = client.queue<number>('default');
  const sockets = kept(await SilentSockets.open(port, count, { bytes, reopenMs: REOPEN_MS }));
  for (let n = 0; n < 100; n++) {
    await queue.put(n);
    expect(await queue.get()).toBe(n);
  }
  const newcomer = await comeIn(stage.url, stage.authkey);
  await newcomer.queue('default').size();
  await newcomer.close();
  await expect(comeIn(stage.url, 'wrong')).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  expect((await client.status()).connections.unauthenticated).toBeLessThanOrEqual(256);
  sockets.close();
});

test('sockets that say nothing to the HTTP port are bounded, cut off, and disturb no health check', async () => {
  const stage = await openStage();
  const port = await freePort();
  const { pid } = await stage.manager({ env: { MILLRACE_HTTP_PORT: String(port) } });
  const before = descriptorsOf(pid);
  const sockets = kept(await SilentSockets.open(port, 600, { reopenMs: 60_000 }));
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  expect(descriptorsOf(pid)).toBeLessThanOrEqual(before + 300);
  await expect.poll(() => sockets.closed).toBe(600);
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  sockets.close();
});

test.skipIf(!hasOpenssl)(
  'a worker and a command work through a proxy that ends TLS, by a path',
  async () => {
    const stage = await openStage();
    const { port } = await stage.manager();
    const proxy = kept(await TlsProxy.open(port, stage.directory));
    const env = { MILLRACE_URL: proxy.url('/queues'), NODE_EXTRA_CA_CERTS: proxy.certFile };
    const worker = await stage.worker(new URL('handlers.ts', import.meta.url), { env });
    const doubled = await stage.cli(['enqueue', 'double', '{"n":21}', '--wait'], env);
    expect(doubled).toMatchObject({ code: 0, stdout: '42' });
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect([...proxy.paths]).toEqual(['/queues']);
  },
);
