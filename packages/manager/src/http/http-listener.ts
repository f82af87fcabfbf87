import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { DEFAULT_HOST, DEFAULT_HTTP_PORT } from '@millrace/protocol';
import { listenOn } from '../listen.ts';
import type { HttpOptions } from './http-options.ts';
import { type HttpSource, routesOf } from './routes.ts';

/** The listener for health checks, metrics and status; apart from the queue port. */
export class HttpListener {
  readonly #options: HttpOptions;
  readonly #server: ServerType;

  constructor(options: HttpOptions, source: HttpSource) {
    this.#options = options;
    const { fetch } = routesOf(source, options.token);
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createAdaptorServer({ fetch, createServer })
        : createAdaptorServer({ fetch, createServer: createTlsServer, serverOptions: tls });
  }

  /**
   * Listens; resolves with its URL.
   *
   * @throws PORT_IN_USE, BAD_OPTION
   */
  async listen(): Promise<string> {
    const { host = DEFAULT_HOST, port = DEFAULT_HTTP_PORT, tls } = this.#options;
    const bound = await listenOn(this.#server, host, port, '--http-port');
    return `${tls === undefined ? 'http' : 'https'}://${host}:${bound}`;
  }

  /** Stops; what is being answered may end. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    if ('closeIdleConnections' in this.#server) {
      this.#server.closeIdleConnections();
    }
    return closed;
  }
}
