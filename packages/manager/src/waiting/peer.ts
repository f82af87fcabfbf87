import type { Message, Role, TurnoverMap } from '@millrace/protocol';
import type { Handle } from '../engine/core/handles.ts';

/** Something that a peer has waiting at the manager. */
export interface Waiting {
  /** Ends it; its peer no longer waits. */
  withdraw(): void;
}

/**
 * An authenticated peer with a session, over one connection, as commands see it.
 * When the connection ends, what waits here is withdrawn, and what is said later
 * reaches nobody: over its next connection it is another peer, which sends again
 * what was not answered.
 */
export interface Peer {
  readonly sessionId: string;
  readonly role: Role;
  /** Whether its connection has ended. */
  readonly hasEnded: boolean;
  readonly send: (message: Message) => void;
  /** The same for what it has nothing to do without: that leaves before the turn ends. */
  readonly sendNow: (message: Message) => void;
  /** The same for an answer that a worker does not wait for; others are told at once. */
  readonly sendSoon: (message: Message) => void;
  /** Whether what can wait should not be sent to it now. */
  readonly isCongested: boolean;
  /** Runs when it is no longer congested; never, if its connection ends before. */
  readonly onceDrained: (run: () => void) => void;
  /** What waits here for this peer, by request id. */
  readonly waiting: TurnoverMap<number, Waiting>;
  readonly pools: Map<number, PoolRoom>;
  /** Credit for pools that are not declared yet: a large declaration travels in parts. */
  readonly earlyCredit: Map<number, Credit>;
}

/** What CREDIT says of a pool. */
export interface Credit {
  readonly given: number;
  readonly received: number;
}

/** A worker's pool: what it runs, and its room as two running totals. */
export interface PoolRoom {
  readonly handles: readonly Handle[];
  /** Credits ever given by the worker. */
  given: number;
  /** Grants ever sent to it; unknown until the first announcement of a connection. */
  sent: number | undefined;
  /** Stops dealing to this pool. */
  readonly leave: () => void;
  readonly announce: (given: number, received: number) => void;
}
