import {
  type AcceptedPeer,
  authenticatePeer,
  type Clock,
  Connection,
  codeOf,
  heartbeatTimesOf,
  limits,
  type Message,
  MillraceError,
  messageOf,
  type PeerLimits,
  type RandomBytes,
  type Transport,
} from '@millrace/protocol';
import { runCommands } from '../commands/command-table.ts';
import type { Services } from '../commands/services.ts';
import { tuning } from '../tuning.ts';
import type { Reception } from './reception.ts';
import type { PeerSession } from './session.ts';

export interface AttendantOptions {
  readonly secretOf: (keyId: string) => Uint8Array | undefined;
  readonly payloadMaxBytes: number;
  readonly software: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** The largest message; the largest payload must fit into one. */
const messageMaxBytesFor = (payloadMaxBytes: number): number =>
  Math.max(limits.messageMaxBytes, payloadMaxBytes + limits.messageOverheadBytes);

/** Authenticates a peer on any transport, and hands its messages to the commands. */
export class Attendant {
  readonly connections = new Set<Connection>();
  readonly #options: AttendantOptions;
  readonly #services: Services;
  readonly #reception: Reception;
  readonly #limits: PeerLimits;

  constructor(options: AttendantOptions, services: Services, reception: Reception) {
    this.#options = options;
    this.#services = services;
    this.#reception = reception;
    this.#limits = {
      messageMaxBytes: messageMaxBytesFor(options.payloadMaxBytes),
      payloadMaxBytes: options.payloadMaxBytes,
      heartbeatIdleMs: limits.heartbeatIdleMs,
      heartbeatIntervalMs: limits.heartbeatIntervalMs,
      heartbeatProbes: limits.heartbeatProbes,
    };
  }

  /**
   * Resolves when the peer is authenticated; from then on it is served.
   *
   * @throws the error of the handshake, after the peer was told
   */
  async attend(transport: Transport): Promise<void> {
    const peer = await authenticatePeer(transport, { ...this.#options, limits: this.#limits });
    this.#serve(transport, peer);
  }

  /** Says goodbye to all peers. A connection without a session is ended with SHUTTING_DOWN. */
  sayGoodbye(reason: string): void {
    for (const connection of this.connections) {
      const { state } = connection;
      if (state === 'open' || state === 'leaving') {
        connection.send({ verb: 'goodbye', reason });
      } else {
        connection.fail(new MillraceError('SHUTTING_DOWN', reason));
      }
    }
  }

  #serve(transport: Transport, peer: AcceptedPeer): void {
    let session: PeerSession | undefined;
    // Frames of this connection whose handling has not ended.
    const atWork = new Set<Promise<void>>();
    const connection = new Connection(
      {
        transport,
        side: 'manager',
        clock: this.#services.engine.turn.clock,
        heartbeat: heartbeatTimesOf(this.#limits),
        messageMaxBytes: this.#limits.messageMaxBytes,
        outboundMaxBytes: Math.max(limits.outboundMaxBytes, this.#limits.messageMaxBytes * 2),
      },
      {
        messages: (messages) => {
          const handled = (
            session === undefined
              ? this.#enter(connection, peer, messages, atWork).then((entered) => {
                  session = entered;
                })
              : this.#handle(connection, peer, session, messages, atWork)
          )
            .catch((error: unknown) => this.#refuse(connection, error))
            .finally(() => {
              atWork.delete(handled);
              if (atWork.size === tuning.framesAtWorkMax / 2) {
                connection.holdBack(false);
              }
            });
          atWork.add(handled);
          if (atWork.size === tuning.framesAtWorkMax) {
            connection.holdBack(true);
          }
        },
        drained: () => session?.drained(connection),
        closed: ({ code }) => {
          this.connections.delete(connection);
          if (session !== undefined) {
            this.#reception.leave(session, connection, code === 'PEER_DEAD');
          }
        },
      },
    );
    this.connections.add(connection);
  }

  async #enter(
    connection: Connection,
    peer: AcceptedPeer,
    messages: readonly Message[],
    atWork: ReadonlySet<unknown>,
  ): Promise<PeerSession | undefined> {
    const [first, second] = messages;
    if (first === undefined || second !== undefined) {
      throw new MillraceError(
        'UNEXPECTED_MESSAGE',
        'the first frame must hold exactly one message',
      );
    }
    const session = await this.#reception.enter(connection, peer, first);
    const present = session.peerOver(connection);
    if (present !== undefined) {
      present.framesAtWork = atWork;
    }
    if (connection.isClosed) {
      this.#reception.leave(session, connection, false);
    }
    return session;
  }

  async #handle(
    connection: Connection,
    peer: AcceptedPeer,
    session: PeerSession,
    messages: readonly Message[],
    atWork: ReadonlySet<Promise<void>>,
  ): Promise<void> {
    const isLeaving = messages.some((message) => message.verb === 'goodbye');
    const earlier = isLeaving ? [...atWork] : [];
    const commands = messages.filter((m) => m.verb !== 'goodbye' && m.verb !== 'goodbyeAck');
    if (peer.role === 'heartbeat') {
      requireNone(commands);
      if (isLeaving) {
        connection.send({ verb: 'goodbyeAck' });
      }
      return;
    }
    const present = session.peerOver(connection);
    if (present !== undefined) {
      if (session.attendee !== undefined) {
        this.#reception.presence.touch(session.attendee);
      }
      await runCommands(this.#services, present, commands);
    }
    if (isLeaving) {
      // Earlier frames are answered before the session ends.
      await Promise.all(earlier);
      await this.#reception.goodbye(session);
    }
  }

  /** An error of the peer ends its connection; a failed engine ends the manager by itself. */
  #refuse(connection: Connection, error: unknown): void {
    const code = codeOf(error) ?? 'INTERNAL';
    if (!this.#services.engine.hasFailed) {
      connection.fail(new MillraceError(code, messageOf(error), { cause: error }));
    }
  }
}

const requireNone = ([first]: readonly Message[]): void => {
  if (first !== undefined) {
    throw new MillraceError(
      'UNEXPECTED_MESSAGE',
      `${first.verb} is not allowed on a heartbeat connection`,
    );
  }
};
