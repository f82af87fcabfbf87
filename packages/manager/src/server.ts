import { createServer, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import {
  type AcceptedPeer,
  authenticatePeer,
  type Clock,
  Connection,
  codeOf,
  limits,
  type Message,
  MillraceError,
  messageOf,
  type PeerLimits,
  type RandomBytes,
  type Transport,
  wsTransport,
} from '@millrace/protocol';
import { WebSocketServer } from 'ws';
import { Admission } from './admission.ts';
import { runCommands } from './commands/command-table.ts';
import type { Reception } from './reception.ts';
import type { Services } from './services.ts';
import type { PeerSession } from './session.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly secretOf: (keyId: string) => Uint8Array | undefined;
  readonly payloadMaxBytes: number;
  readonly software: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** Frames of one peer that may be at work at once; beyond it, the network holds its messages back. */
const FRAMES_AT_WORK_MAX = 256;
const GOODBYE_MAX_MS = 1_000;
const NOT_FOR_BROWSERS = 'This port speaks the millrace protocol over WebSocket.\n';

/** Accepts peers, authenticates them, and hands their messages to the commands. */
export class Server {
  readonly #options: ServerOptions;
  readonly #services: Services;
  readonly #reception: Reception;
  readonly #admission: Admission;
  readonly #http: HttpServer;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<Connection>();

  constructor(options: ServerOptions, services: Services, reception: Reception) {
    this.#options = options;
    this.#services = services;
    this.#reception = reception;
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
    for (const connection of this.#connections) {
      connection.send({ verb: 'goodbye', reason: 'the manager is shutting down' });
    }
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

  get #peerLimits(): PeerLimits {
    return {
      messageMaxBytes: this.#messageMaxBytes,
      payloadMaxBytes: this.#options.payloadMaxBytes,
      heartbeatIdleMs: limits.heartbeatIdleMs,
      heartbeatIntervalMs: limits.heartbeatIntervalMs,
      heartbeatProbes: limits.heartbeatProbes,
    };
  }

  get #messageMaxBytes(): number {
    const forOnePayload = this.#options.payloadMaxBytes + limits.messageOverheadBytes;
    return Math.max(limits.messageMaxBytes, forOnePayload);
  }

  async #welcome(transport: Transport, socket: Socket): Promise<void> {
    const { clock, randomBytes, secretOf, software } = this.#options;
    const peer = await authenticatePeer(transport, {
      secretOf,
      limits: this.#peerLimits,
      software,
      clock,
      randomBytes,
    });
    this.#admission.pass(socket);
    this.#serve(transport, peer);
  }

  #serve(transport: Transport, peer: AcceptedPeer): void {
    let session: PeerSession | undefined;
    let atWork = 0;
    const connection = new Connection(
      {
        transport,
        side: 'manager',
        clock: this.#options.clock,
        heartbeat: {
          idleMs: limits.heartbeatIdleMs,
          intervalMs: limits.heartbeatIntervalMs,
          probes: limits.heartbeatProbes,
        },
        messageMaxBytes: this.#messageMaxBytes,
        outboundMaxBytes: Math.max(limits.outboundMaxBytes, this.#messageMaxBytes * 2),
      },
      {
        messages: (messages) => {
          atWork += 1;
          if (atWork === FRAMES_AT_WORK_MAX) {
            connection.holdBack(true);
          }
          const handled =
            session === undefined
              ? this.#enter(connection, peer, messages).then((entered) => {
                  session = entered;
                })
              : this.#handle(connection, peer, session, messages);
          handled
            .catch((error: unknown) => this.#refuse(connection, error))
            .finally(() => {
              atWork -= 1;
              if (atWork === FRAMES_AT_WORK_MAX / 2) {
                connection.holdBack(false);
              }
            });
        },
        drained: () => session?.drained(connection),
        closed: () => {
          this.#connections.delete(connection);
          if (session !== undefined) {
            this.#reception.leave(session, connection);
          }
        },
      },
    );
    this.#connections.add(connection);
  }

  async #enter(
    connection: Connection,
    peer: AcceptedPeer,
    messages: readonly Message[],
  ): Promise<PeerSession | undefined> {
    const [first, second] = messages;
    if (first === undefined || second !== undefined) {
      throw new MillraceError('UNEXPECTED_MESSAGE', 'a session is opened by one message');
    }
    const session = await this.#reception.enter(connection, peer, first);
    if (connection.isClosed) {
      this.#reception.leave(session, connection);
    }
    return session;
  }

  async #handle(
    connection: Connection,
    peer: AcceptedPeer,
    present: PeerSession,
    messages: readonly Message[],
  ): Promise<void> {
    const isLeaving = messages.some((message) => message.verb === 'goodbye');
    const commands = messages.filter((m) => m.verb !== 'goodbye' && m.verb !== 'goodbyeAck');
    if (peer.role === 'heartbeat') {
      requireNone(commands);
      if (isLeaving) {
        connection.send({ verb: 'goodbyeAck' });
      }
      return;
    }
    await runCommands(this.#services, present, commands);
    if (isLeaving) {
      await this.#reception.goodbye(present);
    }
  }

  /** A defect of the peer ends its connection; a defect of the store ends the manager by itself. */
  #refuse(connection: Connection, error: unknown): void {
    const code = codeOf(error) ?? 'INTERNAL';
    if (code !== 'STORE_FAILED') {
      connection.fail(new MillraceError(code, messageOf(error), { cause: error }));
    }
  }
}

const requireNone = ([first]: readonly Message[]): void => {
  if (first !== undefined) {
    throw new MillraceError('UNEXPECTED_MESSAGE', `${first.verb} on a heartbeat lane`);
  }
};

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
