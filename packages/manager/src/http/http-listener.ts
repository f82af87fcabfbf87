import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { DEFAULT_HOST, DEFAULT_HTTP_PORT, MillraceError } from '@millrace/protocol';
import { isLoopback, listenOn } from '../listen.ts';
import { type HttpSource, routesOf } from './routes.ts';

export interface HttpOptions {
  /** Default 127.0.0.1. Off loopback `tls` and `token` are needed. */
  readonly host?: string;
  /** Default 7421; 0 takes a free one. */
  readonly port?: number;
  /** What `/metrics` and `/status` are asked for with, as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** Certificate and private key, as PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** @throws BAD_OPTION unless what leaves this host is encrypted and asked for with a token */
export const checkHttpOptions = ({ host = DEFAULT_HOST, tls, token }: HttpOptions): void => {
  if (!isLoopback(host) && (tls === undefined || token === undefined)) {
    throw new MillraceError(
      'BAD_OPTION',
      `HTTP on ${host} needs a certificate and a token: keep 127.0.0.1, or give both`,
    );
  }
};

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
