import {
  type Cancel,
  type Clock,
  type Connection,
  IDLE_REASON,
  limits,
  type Message,
  type MessageNamed,
  MillraceError,
  type Role,
} from '@millrace/protocol';
import type { Handle } from '../engine/core/handles.ts';
import type { PoolRoom } from '../waiting/peer.ts';
import { ConnectedPeer } from './connected-peer.ts';
import type { Attendee } from './presence.ts';

export type PeerDescription = MessageNamed<'open'>['peer'];

/**
 * The session of a peer while it is connected: by its main connection, by the heartbeat
 * connection of a worker, or by both.
 */
export class PeerSession {
  readonly sessionId: string;
  readonly keyId: string;
  readonly role: Role;
  readonly description: PeerDescription;
  readonly connectedAtMs: number;
  /** Its place among those that are present. */
  attendee: Attendee | undefined;
  readonly heartbeatConnections = new Set<Connection>();
  #peer: ConnectedPeer | undefined;
  #isDraining = false;
  #stopDismissal: Cancel = () => {};
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

  /** When the event loop of the peer was last heard, over the present main connection or an earlier one. */
  get loopHeardAtMs(): number {
    return this.main?.pulse.heardAtMs ?? this.#loopHeardAtMs;
  }

  /** Whether the worker was asked to end. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The handles of all pools that the worker declared over its main connection. */
  get handles(): readonly Handle[] {
    return [...(this.#peer?.pools.values() ?? [])].flatMap(({ handles }) => handles);
  }

  /** The pools that it declared over its main connection. */
  get pools(): readonly PoolRoom[] {
    return [...(this.#peer?.pools.values() ?? [])];
  }

  /** The same, with their numbers. */
  get numberedPools(): readonly (readonly [number, PoolRoom])[] {
    return [...(this.#peer?.pools ?? [])];
  }

  /** Whether its peer has something open, as `ConnectedPeer` says. */
  get hasOpen(): boolean {
    return this.#peer?.hasOpen === true;
  }

  /** The tasks whose outcomes it awaits, at most so many. */
  awaitedTasks(most: number): string[] {
    const taskIds: string[] = [];
    for (const { taskId } of this.#peer?.openRequests.values() ?? []) {
      if (taskId !== undefined && taskIds.push(taskId) >= most) {
        break;
      }
    }
    return taskIds;
  }

  /** The peer over this connection; undefined when a newer connection took the session up. */
  peerOver(connection: Connection): ConnectedPeer | undefined {
    return this.main === connection ? this.#peer : undefined;
  }

  /** Sends a message over the main connection, if there is one. */
  send(message: Message): void {
    this.#peer?.send(message);
  }

  /** Asks the worker to end by itself. */
  drain(): void {
    this.#isDraining = true;
    this.send({ verb: 'drain', reason: 'an operator asked the worker to end' });
  }

  /** Asks its client to leave until it has something to say; one that does not answer is cut off. */
  dismiss(clock: Clock): void {
    const connection = this.main;
    connection?.send({ verb: 'goodbye', reason: IDLE_REASON });
    this.#stopDismissal = clock.after(limits.goodbyeMaxMs, () => connection?.close(IDLE_REASON));
  }

  /** A connection is no longer congested. */
  drained(connection: Connection): void {
    this.peerOver(connection)?.drained();
  }

  /**
   * A new main connection takes the session up. The earlier one ends, and with it the requests
   * that wait over it.
   */
  takeOver(connection: Connection): void {
    const before = this.#peer;
    this.#endPeer();
    this.#peer = new ConnectedPeer(this.sessionId, this.role, connection);
    before?.connection.fail(
      new MillraceError('SUPERSEDED', 'a newer connection took this session up'),
    );
  }

  /** SESSION was sent over this connection, so other messages may follow. */
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

  /** Withdraws its pools and open requests. Replies that are owed can still be sent. */
  retire(): void {
    this.#peer?.retire();
  }

  #endPeer(): void {
    this.#stopDismissal();
    this.#loopHeardAtMs = this.loopHeardAtMs;
    const ended = this.#peer;
    this.#peer = undefined;
    ended?.end();
  }
}
