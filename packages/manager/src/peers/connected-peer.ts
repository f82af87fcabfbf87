import { type Connection, type Message, type Role, TurnoverMap } from '@millrace/protocol';
import type { Credit, OpenRequest, Peer, PoolRoom } from '../waiting/peer.ts';

/** The peer of a session over one connection, with everything that ends with that connection. */
export class ConnectedPeer implements Peer {
  readonly sessionId: string;
  readonly role: Role;
  readonly connection: Connection;
  readonly openRequests = new TurnoverMap<number, OpenRequest>();
  readonly pools = new Map<number, PoolRoom>();
  readonly earlyCredit = new Map<number, Credit>();
  /** Number of frames of its connection whose handling has not ended. */
  framesAtWork: ReadonlySet<unknown> = new Set();
  /** Messages from before `welcomed`: SESSION is the first message that a peer receives. */
  #early: Message[] | undefined = [];
  #whenDrained: (() => void)[] = [];
  #hasEnded = false;

  constructor(sessionId: string, role: Role, connection: Connection) {
    this.sessionId = sessionId;
    this.connection = connection;
    this.role = role;
  }

  /** Whether it has something open: a greeting, a frame, a request, a pool, a message in parts, bytes to send. */
  get hasOpen(): boolean {
    return (
      this.#early !== undefined ||
      this.framesAtWork.size > 0 ||
      this.openRequests.size > 0 ||
      this.pools.size > 0 ||
      this.connection.waitingBytes > 0 ||
      this.connection.isBetweenParts
    );
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isCongested(): boolean {
    return this.connection.isCongested;
  }

  readonly send = (message: Message): void => {
    if (this.#early === undefined) {
      this.connection.send(message);
    } else {
      this.#early.push(message);
    }
  };

  readonly sendNow = (message: Message): void => {
    if (this.#early === undefined) {
      this.connection.sendNow(message);
    } else {
      this.send(message);
    }
  };

  /** A worker goes on while its reports are unanswered; a client waits until its item is acknowledged. */
  readonly sendSoon = (message: Message): void => {
    if (this.role === 'worker' && this.#early === undefined) {
      this.connection.sendSoon(message);
    } else {
      this.send(message);
    }
  };

  readonly onceDrained = (run: () => void): void => {
    this.#whenDrained.push(run);
  };

  /** The connection is no longer congested. */
  drained(): void {
    for (const run of this.#whenDrained.splice(0)) {
      run();
    }
  }

  /** SESSION was sent; the messages that waited for it follow. */
  welcomed(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) {
      this.connection.send(message);
    }
  }

  /** Withdraws its pools and open requests. Replies that are owed can still be sent. */
  retire(): void {
    for (const pool of this.pools.values()) {
      pool.leave();
    }
    this.pools.clear();
    this.earlyCredit.clear();
    this.#whenDrained = [];
    for (const request of this.openRequests.values()) {
      request.withdraw();
    }
    this.openRequests.clear();
  }

  /** The connection has ended, or a newer one has taken the session up. */
  end(): void {
    this.#hasEnded = true;
    this.retire();
  }
}
