import {
  type Connection,
  type Message,
  type MessageNamed,
  MillraceError,
  type Role,
} from '@millrace/protocol';
import type { Handle } from '../engine/core/handles.ts';
import { ConnectedPeer } from './connected-peer.ts';

export type PeerDescription = MessageNamed<'open'>['peer'];

/**
 * A peer's session while it is connected: the peer over its main connection, and
 * for workers perhaps a heartbeat connection. It lives while either lives.
 */
export class PeerSession {
  readonly sessionId: string;
  readonly keyId: string;
  readonly role: Role;
  readonly description: PeerDescription;
  readonly connectedAtMs: number;
  readonly heartbeatConnections = new Set<Connection>();
  #peer: ConnectedPeer | undefined;
  #isDraining = false;
  #loopHeardAtMs: number;

  constructor(
    sessionId: string,
    keyId: string,
    role: Role,
    description: PeerDescription,
    connectedAtMs: number,
  ) {
    this.sessionId = sessionId;
    this.keyId = keyId;
    this.role = role;
    this.description = description;
    this.connectedAtMs = connectedAtMs;
    this.#loopHeardAtMs = connectedAtMs;
  }

  get main(): Connection | undefined {
    return this.#peer?.connection;
  }

  get isConnected(): boolean {
    return this.#peer !== undefined || this.heartbeatConnections.size > 0;
  }

  /** When its main loop was heard last, on whichever connection. */
  get loopHeardAtMs(): number {
    return this.main?.pulse.heardAtMs ?? this.#loopHeardAtMs;
  }

  /** Whether it was asked to end. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** What it runs, as it has declared over its main connection. */
  get handles(): readonly Handle[] {
    return [...(this.#peer?.pools.values() ?? [])].flatMap(({ handles }) => handles);
  }

  /** The peer as it is present over this connection; nobody, when a newer one took the session up. */
  peerOver(connection: Connection): ConnectedPeer | undefined {
    return this.main === connection ? this.#peer : undefined;
  }

  /** Says something to it, if it is there. */
  send(message: Message): void {
    this.#peer?.send(message);
  }

  /** Asks it to end by itself. */
  drain(): void {
    this.#isDraining = true;
    this.send({ verb: 'drain', reason: 'an operator asked for it' });
  }

  /** A connection is no longer congested. */
  drained(connection: Connection): void {
    this.peerOver(connection)?.drained();
  }

  /** The newest connection wins; what the one before had waiting here is gone with it. */
  takeOver(connection: Connection): void {
    const before = this.#peer;
    this.#endPeer();
    this.#peer = new ConnectedPeer(this.sessionId, this.role, connection);
    before?.connection.fail(
      new MillraceError('SUPERSEDED', 'a newer connection took this session up'),
    );
  }

  /** SESSION is on its way to this connection. */
  welcomed(connection: Connection): void {
    this.peerOver(connection)?.welcomed();
  }

  /** A connection of this session has ended. */
  lose(connection: Connection): void {
    this.heartbeatConnections.delete(connection);
    if (this.main === connection) {
      this.#endPeer();
    }
  }

  /** Nothing is dealt to it any more; its connection has only the last words left. */
  retire(): void {
    this.#peer?.retire();
  }

  #endPeer(): void {
    this.#loopHeardAtMs = this.loopHeardAtMs;
    const ended = this.#peer;
    this.#peer = undefined;
    ended?.end();
  }
}
