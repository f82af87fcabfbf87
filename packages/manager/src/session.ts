import {
  type Connection,
  type Message,
  type MessageNamed,
  MillraceError,
  type Role,
} from '@millrace/protocol';
import type { Credit, Peer, PoolRoom, Waiting } from './peer.ts';

export type PeerDescription = MessageNamed<'open'>['peer'];

/**
 * A peer's session while it is connected: its main connection, and for workers
 * perhaps a heartbeat lane. It lives while either lives.
 */
export class PeerSession implements Peer {
  readonly sessionId: string;
  readonly keyId: string;
  readonly role: Role;
  readonly description: PeerDescription;
  readonly connectedAtMs: number;
  #isDraining = false;
  #loopHeardAtMs: number;
  readonly waiting = new Map<number, Waiting>();
  readonly pools = new Map<number, PoolRoom>();
  readonly earlyCredit = new Map<number, Credit>();
  readonly lanes = new Set<Connection>();
  #whenDrained: (() => void)[] = [];
  #main: Connection | undefined;
  #connections = 0;
  /** What came for a connection before it was welcomed; nothing may reach a peer before SESSION. */
  #early: Message[] | undefined;

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
    return this.#main;
  }

  get connections(): number {
    return this.#connections;
  }

  get isConnected(): boolean {
    return this.#main !== undefined || this.lanes.size > 0;
  }

  readonly send = (message: Message): void => {
    if (this.#early === undefined) {
      this.#main?.send(message);
    } else {
      this.#early.push(message);
    }
  };

  /** A worker goes on while its reports are unanswered; whoever acknowledges an item waits for it. */
  readonly sendSoon = (message: Message): void => {
    if (this.role === 'worker' && this.#early === undefined) {
      this.#main?.sendSoon(message);
    } else {
      this.send(message);
    }
  };

  get isCongested(): boolean {
    return this.#main?.isCongested ?? false;
  }

  readonly onceDrained = (run: () => void): void => {
    this.#whenDrained.push(run);
  };

  /** When its main loop was heard last, on whichever connection. */
  get loopHeardAtMs(): number {
    return this.#main?.pulse.heardAtMs ?? this.#loopHeardAtMs;
  }

  /** Asks it to end by itself. */
  drain(): void {
    this.#isDraining = true;
    this.send({ verb: 'drain', reason: 'an operator asked for it' });
  }

  /** Whether it was asked to end. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** A connection is no longer congested. */
  drained(connection: Connection): void {
    if (connection === this.#main) {
      for (const run of this.#whenDrained.splice(0)) {
        run();
      }
    }
  }

  /** The newest connection wins; what the one before had waiting here is gone with it. */
  takeOver(connection: Connection): void {
    const before = this.#main;
    this.#endConnection();
    this.#main = connection;
    this.#connections += 1;
    this.#early = [];
    before?.fail(new MillraceError('SUPERSEDED', 'a newer connection took this session up'));
  }

  /** SESSION is on its way to this connection; what waited for it follows. */
  welcomed(connection: Connection): void {
    if (connection === this.#main) {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const message of early) {
        connection.send(message);
      }
    }
  }

  /** A connection of this session has ended. */
  lose(connection: Connection): void {
    this.lanes.delete(connection);
    if (this.#main === connection) {
      this.#endConnection();
    }
  }

  /** Nothing is dealt to it any more; its connection has only the last words left. */
  retire(): void {
    this.#endWork();
  }

  #endConnection(): void {
    this.#loopHeardAtMs = this.loopHeardAtMs;
    this.#main = undefined;
    this.#early = undefined;
    this.#endWork();
  }

  #endWork(): void {
    for (const pool of this.pools.values()) {
      pool.leave();
    }
    this.pools.clear();
    this.earlyCredit.clear();
    this.#whenDrained = [];
    for (const waiting of this.waiting.values()) {
      waiting.withdraw();
    }
    this.waiting.clear();
  }
}
