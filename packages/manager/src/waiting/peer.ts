import type { Message, Role, TurnoverMap } from '@millrace/protocol';
import type { Handle } from '../engine/core/handles.ts';

/** A request that a peer has waiting at the manager. */
export interface OpenRequest {
  /** Ends it; its peer no longer waits. */
  withdraw(): void;
  /** The task whose outcome it waits for, if that is what it waits for. */
  readonly taskId?: string;
}

/**
 * An authenticated peer with a session, over one connection, as commands see it. When the
 * connection ends, its open requests are withdrawn, and later messages reach nobody. Over
 * its next connection it is another peer, which sends unanswered requests again.
 */
export interface Peer {
  readonly sessionId: string;
  readonly role: Role;
  /** Whether its connection has ended. */
  readonly hasEnded: boolean;
  readonly send: (message: Message) => void;
  /** Like `send`, but flushes at once; used for an idle worker's grants. */
  readonly sendNow: (message: Message) => void;
  /** Like `send`, but an answer that a worker does not wait for may leave a few milliseconds later. */
  readonly sendSoon: (message: Message) => void;
  /** Whether so much waits to be sent that grants, items and results are held back. */
  readonly isCongested: boolean;
  /** Runs when it is no longer congested; never, if its connection ends before. */
  readonly onceDrained: (run: () => void) => void;
  /** By request id. */
  readonly openRequests: TurnoverMap<number, OpenRequest>;
  readonly pools: Map<number, PoolRoom>;
  /** Credit for pools that are not declared yet: a large declaration travels in parts. */
  readonly earlyCredit: Map<number, Credit>;
}

/** What CREDIT says of a pool, as running totals. */
export interface Credit {
  readonly given: number;
  readonly received: number;
}

/** A worker's pool: the handles that it runs, and its room. */
export interface PoolRoom {
  readonly handles: readonly Handle[];
  /** Free slots. */
  room(): number;
  /** The most room that it ever had: all of its slots, unless it was busy when it connected. */
  readonly mostRoom: number;
  /** Grants ever sent to it over this connection. */
  readonly sent: number;
  /** Stops dealing to this pool. */
  readonly leave: () => void;
  readonly announce: (given: number, received: number) => void;
}
