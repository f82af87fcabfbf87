import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { type Clock, DEFAULT_HOST, DEFAULT_HTTP_PORT, limits } from '@millrace/protocol';
import { tuning } from '../../tuning.ts';
import { authorityOf, listenOn } from '../listen.ts';
import type { HttpOptions } from './http-options.ts';
import { type HttpSource, routesOf } from './routes.ts';

/** Sockets without a complete request are cut off. */
const times = {
  headersTimeout: limits.httpRequestMaxMs,
  requestTimeout: limits.httpRequestMaxMs,
  connectionsCheckingInterval: tuning.socketCheckMs,
};

/** The listener for health checks, metrics and status, on a port of its own. */
export class HttpListener {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #server: ServerType;
  /**
   * All sockets in the order of their last use, also those without a request, which the
   * server itself does not list. Over TLS that is the order of their arrival.
   */
  readonly #sockets = new Set<Socket>();

  constructor(options: HttpOptions, source: HttpSource, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const { fetch } = routesOf(source, options.token);
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createAdaptorServer({ fetch, createServer, serverOptions: times })
        : createAdaptorServer({
            fetch,
            createServer: createTlsServer,
            serverOptions: { ...times, ...tls, handshakeTimeout: limits.httpRequestMaxMs },
          });
    this.#server.on('connection', (socket: Socket) => this.#enter(socket));
    this.#server.on('request', ({ socket }: IncomingMessage) => this.#used(socket));
  }

  /** Where there are too many sockets, the one that was used least lately makes room. */
  #enter(socket: Socket): void {
    const [oldest] = this.#sockets;
    if (oldest !== undefined && this.#sockets.size >= limits.httpSocketsMax) {
      this.#sockets.delete(oldest);
      oldest.destroy();
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #used(socket: Socket): void {
    if (this.#sockets.delete(socket)) {
      this.#sockets.add(socket);
    }
  }

  /**
   * Listens; resolves with its URL.
   *
   * @throws PORT_IN_USE, BAD_OPTION
   */
  async listen(): Promise<string> {
    const { host = DEFAULT_HOST, port = DEFAULT_HTTP_PORT, tls } = this.#options;
    const bound = await listenOn(this.#server, host, port, '--http-port');
    return `${tls === undefined ? 'http' : 'https'}://${authorityOf(host, bound)}`;
  }

  /** Stops. A request in progress may end; a socket that is open after a second is destroyed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    if ('closeIdleConnections' in this.#server) {
      this.#server.closeIdleConnections();
    }
    const cutOff = this.#clock.after(limits.shutdownMaxMs, () => {
      for (const socket of this.#sockets) {
        socket.destroy();
      }
    });
    await closed;
    cutOff();
  }
}
