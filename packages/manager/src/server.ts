import { createServer, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, limits, MillraceError, type Transport, wsTransport } from '@millrace/protocol';
import { WebSocketServer } from 'ws';
import { Admission } from './admission.ts';
import type { Attendant } from './attendant.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
}

const GOODBYE_MAX_MS = 1_000;
const NOT_FOR_BROWSERS = 'This port speaks the millrace protocol over WebSocket.\n';

/** Accepts peers on a port, within bounds, and hands them to the attendant. */
export class Server {
  readonly #options: ServerOptions;
  readonly #attendant: Attendant;
  readonly #admission: Admission;
  readonly #http: HttpServer;
  readonly #sockets = new Set<Socket>();

  constructor(options: ServerOptions, attendant: Attendant) {
    this.#options = options;
    this.#attendant = attendant;
    this.#admission = new Admission(options.clock);
    this.#http = createServer({ connectionsCheckingInterval: 1_000 }, (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' });
      response.end(NOT_FOR_BROWSERS);
    });
    this.#http.headersTimeout = limits.authenticateMaxMs;
    this.#http.requestTimeout = limits.authenticateMaxMs;
  }

  /**
   * Listens; resolves with the port.
   *
   * @throws PORT_IN_USE, BAD_OPTION
   */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    this.#acceptSockets();
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', (error) => reject(listenError(error, host, port)));
      this.#http.listen(port, host, resolve);
    });
    const address = this.#http.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Says goodbye to everyone and stops; what does not leave within a second is cut off. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#attendant.sayGoodbye('the manager is shutting down');
    const cutOff = this.#options.clock.after(GOODBYE_MAX_MS, () => {
      for (const socket of this.#sockets) {
        socket.destroy();
      }
    });
    await closed;
    cutOff();
  }

  #acceptSockets(): void {
    const webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: limits.frameMaxBytes * 2,
    });
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      this.#admission.enter(socket);
    });
    this.#http.on('upgrade', (request, socket: Socket, head) => {
      socket.on('error', () => socket.destroy());
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const address = `${request.socket.remoteAddress ?? '?'}:${request.socket.remotePort ?? 0}`;
        // A failed handshake has been answered; there is nothing left to do.
        this.#welcome(wsTransport(webSocket, address), socket).catch(() => {});
      });
    });
  }

  async #welcome(transport: Transport, socket: Socket): Promise<void> {
    await this.#attendant.attend(transport);
    this.#admission.pass(socket);
  }
}

const listenError = (error: NodeJS.ErrnoException, host: string, port: number): MillraceError => {
  if (error.code === 'EADDRINUSE') {
    return new MillraceError(
      'PORT_IN_USE',
      `another process listens on ${host}:${port}: stop it, or choose another with --port`,
      { cause: error },
    );
  }
  return new MillraceError('BAD_OPTION', `cannot listen on ${host}:${port}: ${error.message}`, {
    cause: error,
  });
};
