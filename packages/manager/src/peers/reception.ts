import {
  type AcceptedPeer,
  type Connection,
  limits,
  type Message,
  type MessageNamed,
  MillraceError,
  ticketMatches,
} from '@millrace/protocol';
import type { Services } from '../commands/services.ts';
import { LostWorkers } from './lost-workers.ts';
import type { Presence } from './presence.ts';
import { type PeerDescription, PeerSession } from './session.ts';

/** Events of sessions, for the manager's log lines. */
export interface SessionEvents {
  opened(session: PeerSession): void;
  left(session: PeerSession): void;
}

/** Gives authenticated connections their sessions. A session without a connection begins its grace. */
export class Reception {
  readonly sessions = new Map<string, PeerSession>();
  /** Those sessions that are workers'. */
  readonly workers = new Set<PeerSession>();
  readonly presence: Presence;
  readonly lostWorkers = new LostWorkers();
  readonly #services: Services;
  readonly #events: SessionEvents;

  constructor(services: Services, events: SessionEvents, presence: Presence) {
    this.#services = services;
    this.presence = presence;
    this.#events = events;
  }

  /**
   * Answers the first message of a connection with a session.
   *
   * @throws UNEXPECTED_MESSAGE, TOO_MANY_CONNECTIONS, STORE_FAILED
   */
  async enter(connection: Connection, peer: AcceptedPeer, message: Message): Promise<PeerSession> {
    switch (message.verb) {
      case 'open':
        return this.#open(connection, peer, message.peer);
      case 'resume':
        return this.#resume(connection, peer, message);
      case 'attach':
        return this.#attach(connection, peer, message);
      default:
        throw new MillraceError(
          'UNEXPECTED_MESSAGE',
          `${message.verb} arrived before a session was open`,
        );
    }
  }

  /**
   * A connection has ended. If it was the last, the session waits for another until its
   * grace is over. The grace is shorter if the connection was silent, because heartbeats
   * have already taken seconds to find it dead.
   */
  leave(session: PeerSession, connection: Connection, wasSilent: boolean): void {
    session.lose(connection);
    if (!session.isConnected && this.sessions.get(session.sessionId) === session) {
      this.#remove(session);
      this.#noteLost(session);
      this.#services.engine.disconnect({
        sessionId: session.sessionId,
        graceMs: wasSilent ? limits.silentGraceMs : limits.resumeGraceMs,
      });
    }
  }

  #remove(session: PeerSession): void {
    this.sessions.delete(session.sessionId);
    this.workers.delete(session);
    if (session.attendee !== undefined) {
      this.presence.leave(session.attendee);
    }
  }

  #noteLost(session: PeerSession): void {
    if (session.role === 'worker') {
      const { clock, engine } = this.#services;
      const leases = engine.leaseCount(session.sessionId);
      this.lostWorkers.note(session, leases, clock.monotonicMs());
    }
  }

  /** The peer said goodbye: its session ends at once. */
  async goodbye(session: PeerSession): Promise<void> {
    this.#remove(session);
    // The pools leave first: the dispatcher must not wake a pool whose claims the engine no
    // longer grants.
    session.retire();
    await this.#services.engine.endSession(session.sessionId);
    session.send({ verb: 'goodbyeAck' });
    this.#events.left(session);
  }

  /** Asks the workers of this name, or the one with this session, to end; answers how many. */
  drainWorkers(worker: string): number {
    const asked = [...this.workers].filter(
      ({ description, sessionId }) => sessionId === worker || description.name === worker,
    );
    for (const session of asked) {
      session.drain();
    }
    return asked.length;
  }

  #open(
    connection: Connection,
    peer: AcceptedPeer,
    description: PeerDescription,
    lost: MessageNamed<'session'>['lost'] = [],
  ): PeerSession {
    const session = this.#add(this.#services.newSessionId(), peer, description, connection);
    this.#services.engine.openSession({
      sessionId: session.sessionId,
      name: session.description.name,
    });
    session.takeOver(connection);
    this.#welcome(connection, session, lost);
    this.#events.opened(session);
    return session;
  }

  /**
   * Takes a session up. A peer whose session is not of this store has proved the key all
   * the same: it gets a new session, which holds nothing.
   */
  async #resume(
    connection: Connection,
    peer: AcceptedPeer,
    message: MessageNamed<'resume'>,
  ): Promise<PeerSession> {
    if (!this.#isTicket(peer, message)) {
      return this.#open(connection, peer, message.peer, message.tokens);
    }
    const { sessionId, tokens } = message;
    const session =
      this.#present(sessionId, connection) ?? this.#add(sessionId, peer, message.peer, connection);
    session.takeOver(connection);
    if (session.isDraining) {
      // The request to end may have been lost with the connection.
      session.drain();
    }
    const lost = await this.#services.engine.resume({
      sessionId,
      name: session.description.name,
      tokens,
    });
    this.#welcome(connection, session, lost);
    return session;
  }

  #attach(
    connection: Connection,
    peer: AcceptedPeer,
    message: MessageNamed<'attach'>,
  ): PeerSession {
    const session = this.#isTicket(peer, message)
      ? this.sessions.get(message.sessionId)
      : undefined;
    if (session === undefined) {
      throw new MillraceError(
        'UNEXPECTED_MESSAGE',
        'there is no connected session of this id to attach to',
      );
    }
    session.heartbeatConnections.add(connection);
    this.#welcome(connection, session, []);
    return session;
  }

  /** The session, if it is present. One that was dismissed and comes back at once enters again. */
  #present(sessionId: string, connection: Connection): PeerSession | undefined {
    const session = this.sessions.get(sessionId);
    if (session?.attendee?.hasLeft === true) {
      this.#enterPresence(session, connection);
    }
    return session;
  }

  #enterPresence(session: PeerSession, { remoteAddress }: Connection): void {
    const { clock, engine } = this.#services;
    const { keyId, role, sessionId } = session;
    session.attendee = this.presence.enter(
      {
        keyId,
        isClient: role === 'client',
        isBusy: () => session.hasOpen || engine.leaseCount(sessionId) > 0,
        dismiss: () => session.dismiss(clock),
      },
      remoteAddress,
    );
    if (session.attendee === undefined) {
      throw new MillraceError(
        'TOO_MANY_CONNECTIONS',
        'the manager has as many sessions as it may have, in all, of this key or of this address',
      );
    }
  }

  #add(
    sessionId: string,
    peer: AcceptedPeer,
    description: PeerDescription,
    connection: Connection,
  ): PeerSession {
    const nowMs = this.#services.clock.monotonicMs();
    const session = new PeerSession(sessionId, peer.keyId, peer.role, description, nowMs);
    this.#enterPresence(session, connection);
    this.sessions.set(sessionId, session);
    if (peer.role === 'worker') {
      this.workers.add(session);
    }
    const wasDraining = this.lostWorkers.cameBack(session);
    if (wasDraining) {
      session.drain();
    }
    return session;
  }

  /** Whether the ticket proves that this store gave the session to this key. */
  #isTicket(peer: AcceptedPeer, message: { sessionId: string; ticket: Uint8Array }): boolean {
    const expected = this.#services.engine.ticket(message.sessionId, peer.keyId);
    return ticketMatches(expected, message.ticket);
  }

  #welcome(
    connection: Connection,
    session: PeerSession,
    lost: MessageNamed<'session'>['lost'],
  ): void {
    const { engine } = this.#services;
    connection.send({
      verb: 'session',
      sessionId: session.sessionId,
      ticket: engine.ticket(session.sessionId, session.keyId),
      epoch: engine.epoch,
      graceMs: limits.resumeGraceMs,
      lost,
    });
    session.welcomed(connection);
    connection.ping();
  }
}
