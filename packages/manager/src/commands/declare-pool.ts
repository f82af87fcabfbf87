import { limits } from '@millrace/protocol';
import type { Handle } from '../engine/core/handles.ts';
import type { Grant } from '../engine/engine.ts';
import type { Claimant } from '../waiting/claimants.ts';
import type { Peer, PoolRoom } from '../waiting/peer.ts';
import type { Command } from './command.ts';
import type { Services } from './services.ts';

/** Several grants share a message as long as it fits into one frame. */
const GRANT_MESSAGE_BYTES = 32 * 1024;
/** What a grant takes beside its payload, at most. */
const GRANT_FIELDS_BYTES = 256;
/** Whoever has so much of its room free has next to nothing to do. */
const IDLE_SHARE = 0.9;

const inMessages = (grants: readonly Grant[]): Grant[][] => {
  const messages: Grant[][] = [];
  let message: Grant[] = [];
  let bytes = GRANT_MESSAGE_BYTES;
  for (const grant of grants) {
    if (bytes >= GRANT_MESSAGE_BYTES) {
      message = [];
      messages.push(message);
      bytes = 0;
    }
    message.push(grant);
    bytes += GRANT_FIELDS_BYTES + grant.payload.length;
  }
  return messages;
};

/** A pool of a worker: it gets as many tasks as it has given credits. */
class Pool implements Claimant, PoolRoom {
  readonly handles: readonly Handle[];
  readonly #services: Services;
  readonly peer: Peer;
  readonly #pool: number;
  given = 0;
  sent: number | undefined;
  /** The most that it ever had, which is all of its slots unless it was busy when it connected. */
  #mostRoom = 0;

  constructor(services: Services, peer: Peer, pool: number, handles: readonly Handle[]) {
    this.peer = peer;
    this.handles = handles;
    this.#services = services;
    this.#pool = pool;
  }

  /** On a new connection the worker's count of grants received is where counting goes on. */
  readonly announce = (given: number, received: number): void => {
    this.sent ??= received;
    this.given = Math.min(Math.max(this.given, given), this.sent + limits.creditMaxPerPool);
    this.#mostRoom = Math.max(this.#mostRoom, this.room());
    if (this.room() > 0) {
      this.#services.dispatcher.wants(this);
    }
  };

  readonly leave = (): void => {
    this.given = 0;
    this.#services.dispatcher.leaves(this);
  };

  room(): number {
    return Math.max(0, this.given - (this.sent ?? 0));
  }

  /**
   * A worker that is idle begins with the first at once, and waits for no others than
   * these. One that is not gets them with whatever else this turn brings it.
   */
  take(grants: readonly Grant[]): void {
    const isIdle = this.room() >= this.#mostRoom * IDLE_SHARE;
    this.sent = (this.sent ?? 0) + grants.length;
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

export const declarePool: Command<'declarePool'> = (services, peer, requests) => {
  for (const { handles, pool } of requests) {
    for (const { queue } of handles) {
      services.admitQueue(queue);
    }
    const declared = new Pool(services, peer, pool, handles);
    peer.pools.get(pool)?.leave();
    peer.pools.set(pool, declared);
    const early = peer.earlyCredit.get(pool);
    if (early !== undefined) {
      peer.earlyCredit.delete(pool);
      declared.announce(early.given, early.received);
    }
  }
};
