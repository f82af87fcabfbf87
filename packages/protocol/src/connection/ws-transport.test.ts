import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { codeOf } from '../words/errors.ts';
import type { Transport } from './transport.ts';
import { dialWebSocket, wsTransport } from './ws-transport.ts';

/** WebSocket's code for a connection that ended without a close frame. */
const NO_CLOSE_FRAME = 1006;

const withServer = async (
  run: (url: string, accepted: Promise<WebSocket>) => Promise<void>,
): Promise<void> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  await run(`ws://127.0.0.1:${port}`, accepted);
  server.close();
};

const framesOf = (transport: Transport): { next: Promise<string>; closed: Promise<string> } => {
  let frame: (hex: string) => void = () => {};
  let ended: (reason: string) => void = () => {};
  const next = new Promise<string>((resolve) => (frame = resolve));
  const closed = new Promise<string>((resolve) => (ended = resolve));
  transport.listen({
    frame: (bytes) => frame(Buffer.from(bytes).toString('hex')),
    drained() {},
    closed: (reason) => ended(reason),
  });
  return { next, closed };
};

test('a dialler ends TCP itself, after what it sent and without a close frame', async () => {
  await withServer(async (url, accepted) => {
    const dialler = await dialWebSocket(url);
    const socket = await accepted;
    const ended = once(socket, 'close');
    const manager = framesOf(wsTransport(socket, 'peer'));
    dialler.send(Uint8Array.of(1, 2, 3));
    dialler.close();
    expect(await manager.next).toBe('010203');
    expect((await ended)[0]).toBe(NO_CLOSE_FRAME);
    await manager.closed;
  });
});

test('a manager waits for the dialler to end TCP, and cuts it off if it does not', async () => {
  await withServer(async (url, accepted) => {
    const stranger = new WebSocket(url);
    const left = once(stranger, 'close');
    const first = once(stranger, 'message');
    const manager = wsTransport(await accepted, 'peer');
    manager.send(Uint8Array.of(7));
    manager.close();
    await first;
    expect(stranger.readyState).toBe(WebSocket.OPEN);
    expect((await left)[0]).toBe(NO_CLOSE_FRAME);
  });
});

test('a receiver that comes after the end is told of the end', async () => {
  await withServer(async (url, accepted) => {
    const dialler = await dialWebSocket(url);
    const { closed } = framesOf(dialler);
    (await accepted).terminate();
    await closed;
    await framesOf(dialler).closed;
  });
});

test('text messages end the connection', async () => {
  await withServer(async (url, accepted) => {
    const stranger = new WebSocket(url);
    const left = once(stranger, 'close');
    const opened = once(stranger, 'open');
    wsTransport(await accepted, 'peer');
    await opened;
    stranger.send('hello');
    expect((await left)[0]).toBe(1002);
  });
});

test('an address where nobody listens is CONNECT_FAILED', async () => {
  await expect(dialWebSocket('ws://127.0.0.1:1')).rejects.toSatisfy(
    (error) => codeOf(error) === 'CONNECT_FAILED',
  );
});
