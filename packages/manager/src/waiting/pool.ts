import { limits, type MessageNamed } from '@millrace/protocol';
import type { Handle } from '../engine/core/handles.ts';
import type { Grant } from '../engine/core/verbs/claim.ts';
import { tuning } from '../tuning.ts';
import type { Claimant } from './claimants.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Peer, PoolRoom } from './peer.ts';

const inMessages = (grants: readonly Grant[]): Grant[][] => {
  const messages: Grant[][] = [];
  let message: Grant[] = [];
  let bytes: number = tuning.grantMessageBytes;
  for (const grant of grants) {
    if (bytes >= tuning.grantMessageBytes) {
      message = [];
      messages.push(message);
      bytes = 0;
    }
    message.push(grant);
    bytes += tuning.grantFieldsBytes + grant.payload.length;
  }
  return messages;
};

type PoolDeclaration = Pick<MessageNamed<'declarePool'>, 'pool' | 'handles' | 'isolates'>;

/** A pool of a worker. It is granted one task for each credit. */
export class Pool implements Claimant, PoolRoom {
  readonly handles: readonly Handle[];
  readonly peer: Peer;
  readonly isolates: boolean;
  readonly #dispatcher: Dispatcher;
  readonly #pool: number;
  /** Credits ever given by the worker. */
  #given = 0;
  /** Grants ever sent to the pool; unknown until the first CREDIT after the declaration. */
  #sent: number | undefined;
  /** The most room that the pool ever had: all of its slots, unless it was busy when it connected. */
  #mostRoom = 0;

  constructor(dispatcher: Dispatcher, peer: Peer, { handles, isolates, pool }: PoolDeclaration) {
    this.peer = peer;
    this.handles = handles;
    this.isolates = isolates ?? false;
    this.#dispatcher = dispatcher;
    this.#pool = pool;
  }

  /** Takes a CREDIT. The first one sets the count of sent grants to the worker's count of received grants. */
  readonly announce = (given: number, received: number): void => {
    this.#sent ??= received;
    this.#given = Math.min(Math.max(this.#given, given), this.#sent + limits.creditMaxPerPool);
    this.#mostRoom = Math.max(this.#mostRoom, this.room());
    if (this.room() > 0) {
      this.#dispatcher.wants(this);
    }
  };

  readonly leave = (): void => {
    this.#given = 0;
    this.#dispatcher.leaves(this);
  };

  get mostRoom(): number {
    return this.#mostRoom;
  }

  get sent(): number {
    return this.#sent ?? 0;
  }

  room(): number {
    return Math.max(0, this.#given - (this.#sent ?? 0));
  }

  /**
   * Sends the grants of one claim. An idle worker gets the first message at once, so that
   * it can begin, and the last at once, so that none waits for the end of the turn. A busy
   * worker gets its grants at the end of the turn.
   */
  take(grants: readonly Grant[]): void {
    const isIdle = this.room() >= this.#mostRoom * tuning.idleShare;
    this.#sent = (this.#sent ?? 0) + grants.length;
    const messages = inMessages(grants);
    for (const [index, tasks] of messages.entries()) {
      const message = { verb: 'grant', pool: this.#pool, tasks } as const;
      if (isIdle && (index === 0 || index === messages.length - 1)) {
        this.peer.sendNow(message);
      } else {
        this.peer.send(message);
      }
    }
  }
}

/** Declares a pool, or declares it anew. Credit may have come before the declaration. */
export const declarePool = (
  dispatcher: Dispatcher,
  peer: Peer,
  declaration: PoolDeclaration,
): void => {
  const { pool } = declaration;
  const declared = new Pool(dispatcher, peer, declaration);
  peer.pools.get(pool)?.leave();
  peer.pools.set(pool, declared);
  const early = peer.earlyCredit.get(pool);
  if (early !== undefined) {
    peer.earlyCredit.delete(pool);
    declared.announce(early.given, early.received);
  }
};

/** Takes credit for a pool, or keeps the credit until the pool is declared. */
export const creditPool = (peer: Peer, pool: number, given: number, received: number): void => {
  const declared = peer.pools.get(pool);
  if (declared === undefined) {
    peer.earlyCredit.set(pool, { given, received });
  } else {
    declared.announce(given, received);
  }
};
