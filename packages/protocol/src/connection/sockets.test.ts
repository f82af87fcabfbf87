import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { Link } from '../dialler/link.ts';
import { systemClock } from '../runtime/clock.ts';
import { codeOf, MillraceError } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { authenticatePeer } from './authenticate.ts';
import { Connection } from './connection.ts';
import { dialWebSocket, wsTransport } from './ws-transport.ts';

const secret = new Uint8Array(32).fill(7);
const heartbeat = { idleMs: 5_000, intervalMs: 1_000, probes: 3 };
const PEERS = 50;

/** States of the kernel's table, as `/proc/net/tcp` numbers them. */
const TIME_WAIT = '06';
const CLOSE_WAIT = '08';

/** Number of sockets with this local port in this state, by the kernel's table. */
const socketsIn = (state: string, localPort: number): number => {
  const port = localPort.toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return rows.filter((row) => {
    const [, local = '', , found] = row.trim().split(/\s+/);
    return local.endsWith(`:${port}`) && found === state;
  }).length;
};

/** A manager that can only greet a peer and say goodbye. */
class HallPorter {
  readonly connections: Connection[] = [];
  readonly refusals: (string | undefined)[] = [];
  readonly #server: Server = createServer({ noDelay: true });
  readonly #sockets = new Set<Socket>();
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  #ended: Promise<unknown>[] = [];

  async start(): Promise<void> {
    const { createServer: createHttpServer } = await import('node:http');
    const http = createHttpServer();
    http.on('upgrade', (request, socket, head) => {
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        void this.#serve(wsTransport(webSocket, 'peer'));
      });
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      this.#ended.push(once(socket, 'close'));
      http.emit('connection', socket);
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Resolves when every accepted socket has closed. */
  async allClosed(): Promise<void> {
    await Promise.all(this.#ended);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(transport: ReturnType<typeof wsTransport>): Promise<void> {
    try {
      await authenticatePeer(transport, {
        secretOf: () => secret,
        limits: {
          messageMaxBytes: limits.messageMaxBytes,
          payloadMaxBytes: limits.payloadMaxBytes,
          heartbeatIdleMs: 5_000,
          heartbeatIntervalMs: 1_000,
          heartbeatProbes: 3,
        },
        software: 'porter',
        clock: systemClock,
        randomBytes,
      });
    } catch (error) {
      this.refusals.push(codeOf(error));
      return;
    }
    const connection: Connection = new Connection(
      {
        transport,
        side: 'manager',
        clock: systemClock,
        heartbeat,
        messageMaxBytes: limits.messageMaxBytes,
        outboundMaxBytes: limits.outboundMaxBytes,
      },
      {
        messages(messages) {
          for (const { verb } of messages) {
            if (verb === 'open' || verb === 'resume') {
              connection.send({
                verb: 'session',
                sessionId: 's',
                ticket: new Uint8Array(32),
                epoch: 1,
                graceMs: 1,
                lost: [],
              });
            } else if (verb === 'goodbye') {
              connection.send({ verb: 'goodbyeAck' });
            }
          }
        },
        closed() {},
      },
    );
    this.connections.push(connection);
  }
}

let porter: HallPorter;
beforeEach(async () => {
  porter = new HallPorter();
  await porter.start();
});
afterEach(() => porter.stop());

const newLink = (key = { keyId: 'default', secret }, onDown: () => void = () => {}): Link =>
  new Link(
    {
      url: `ws://127.0.0.1:${porter.port}`,
      key,
      role: 'client',
      peer: { name: 'p', host: 'h', pid: 1 },
      clock: systemClock,
      randomBytes,
      dial: dialWebSocket,
    },
    { message() {}, unsettledTokens: () => [], up() {}, down: onDown, ended() {} },
  );

const openLinks = async (onDown?: (at: number) => void): Promise<Link[]> => {
  const links = Array.from({ length: PEERS }, (_, at) => newLink(undefined, () => onDown?.(at)));
  await Promise.all(links.map((link) => link.start(false)));
  return links;
};

const expectCleanManager = (): void => {
  expect({
    timeWait: socketsIn(TIME_WAIT, porter.port),
    closeWait: socketsIn(CLOSE_WAIT, porter.port),
  }).toEqual({ timeWait: 0, closeWait: 0 });
};

describe.runIf(process.platform === 'linux')('the kernel holds no socket of the manager', () => {
  test('after a goodbye of the dialler', async () => {
    const links = await openLinks();
    await Promise.all(links.map((link) => link.close('done')));
    await porter.allClosed();
    expectCleanManager();
  });

  test('after a goodbye of the manager', async () => {
    const closings: Promise<void>[] = [];
    const links = await openLinks((at) =>
      closings.push(links[at]?.close('no more') ?? Promise.resolve()),
    );
    for (const connection of porter.connections) {
      connection.send({ verb: 'goodbye', reason: 'SIGTERM' });
    }
    await porter.allClosed();
    await Promise.all(closings);
    expectCleanManager();
  });

  test('after a wrong key', async () => {
    const wrong = { keyId: 'default', secret: new Uint8Array(32) };
    const refusals = Array.from({ length: PEERS }, () =>
      expect(newLink(wrong).start(false)).rejects.toSatisfy(
        (error) => codeOf(error) === 'AUTH_FAILED',
      ),
    );
    await Promise.all(refusals);
    await porter.allClosed();
    expect(porter.refusals).toHaveLength(PEERS);
    expectCleanManager();
  });

  test('after an error that the manager found', async () => {
    const links = await openLinks();
    for (const connection of porter.connections) {
      connection.fail(new MillraceError('SUPERSEDED', 'a newer connection'));
    }
    await porter.allClosed();
    expect(links.map((link) => link.isOpen)).toEqual(links.map(() => false));
    expectCleanManager();
  });
});
