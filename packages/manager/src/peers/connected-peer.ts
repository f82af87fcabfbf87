import { type Connection, type Message, type Role, TurnoverMap } from '@millrace/protocol';
import type { Credit, OpenRequest, Peer, PoolRoom } from '../waiting/peer.ts';

/** A session's peer over one connection, and all that ends with it. */
export class ConnectedPeer implements Peer {
  readonly sessionId: string;
  readonly role: Role;
  readonly connection: Connection;
  readonly openRequests = new TurnoverMap<number, OpenRequest>();
  readonly pools = new Map<number, PoolRoom>();
  readonly earlyCredit = new Map<number, Credit>();
  /** What came before it was welcomed; nothing may reach a peer before SESSION. */
  #early: Message[] | undefined = [];
  #whenDrained: (() => void)[] = [];
  #hasEnded = false;

  constructor(sessionId: string, role: Role, connection: Connection) {
    this.sessionId = sessionId;
    this.connection = connection;
    this.role = role;
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

  /** A worker goes on while its reports are unanswered; whoever acknowledges an item waits for it. */
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

  /** Its connection is no longer congested. */
  drained(): void {
    for (const run of this.#whenDrained.splice(0)) {
      run();
    }
  }

  /** SESSION is on its way to it; what waited for it follows. */
  welcomed(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) {
      this.connection.send(message);
    }
  }

  /** Nothing is dealt to it any more, and it waits for nothing; only last words are left to say. */
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

  /** Its connection has ended, or a newer one has taken its session up. */
  end(): void {
    this.#hasEnded = true;
    this.retire();
  }
}
