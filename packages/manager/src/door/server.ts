import { createServer, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, limits, type Transport, wsTransport } from '@millrace/protocol';
import { WebSocketServer } from 'ws';
import type { Admission } from '../peers/admission.ts';
import { tuning } from '../tuning.ts';
import { listenOn } from './listen.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
}

/** Serves the peers that a server accepts. */
export interface PeerBroker {
  /** Bounds the sockets that are not authenticated. */
  readonly admission: Admission;
  /** @throws the error of the handshake, after the peer was told */
  attend(transport: Transport): Promise<void>;
  sayGoodbye(reason: string): void;
}

const NOT_FOR_BROWSERS = 'This port speaks the millrace protocol over WebSocket.\n';

/** Accepts peers on a port, within bounds, and hands them to the broker. */
export class Server {
  readonly #options: ServerOptions;
  readonly #broker: PeerBroker;
  readonly #http: HttpServer;
  readonly #sockets = new Set<Socket>();

  constructor(options: ServerOptions, broker: PeerBroker) {
    this.#options = options;
    this.#broker = broker;
    const checks = { connectionsCheckingInterval: tuning.socketCheckMs };
    this.#http = createServer(checks, (_request, response) => {
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
  listen(): Promise<number> {
    const { host, port } = this.#options;
    this.#acceptSockets();
    return listenOn(this.#http, host, port, '--port');
  }

  /** Says goodbye to all peers and stops. A peer that does not leave within a second is cut off. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#broker.sayGoodbye('the manager is shutting down');
    const cutOff = this.#options.clock.after(limits.shutdownMaxMs, () => {
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
      this.#broker.admission.enter(socket);
    });
    this.#http.on('upgrade', (request, socket: Socket, head) => {
      socket.on('error', () => socket.destroy());
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#broker.admission.progress(socket);
        const address = `${request.socket.remoteAddress ?? '?'}:${request.socket.remotePort ?? 0}`;
        // A failed handshake has been answered and logged already.
        this.#welcome(wsTransport(webSocket, address), socket).catch(() => {});
      });
    });
  }

  async #welcome(transport: Transport, socket: Socket): Promise<void> {
    await this.#broker.attend(transport);
    this.#broker.admission.pass(socket);
  }
}
