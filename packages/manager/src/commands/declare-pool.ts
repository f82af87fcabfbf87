import { limits } from '@millrace/protocol';
import type { Claimant } from '../claimants.ts';
import type { Grant } from '../engine/engine.ts';
import type { Handle } from '../engine/handles.ts';
import type { Peer, PoolRoom } from '../peer.ts';
import type { Services } from '../services.ts';
import type { Command } from './command.ts';

/** Several grants share a message as long as it fits into one frame. */
const GRANT_MESSAGE_BYTES = 32 * 1024;
/** What a grant takes beside its payload, at most. */
const GRANT_FIELDS_BYTES = 256;

/** A pool of a worker: it gets as many tasks as it has given credits. */
class Pool implements Claimant, PoolRoom {
  readonly handles: readonly Handle[];
  readonly #services: Services;
  readonly peer: Peer;
  readonly #pool: number;
  given = 0;
  sent: number | undefined;

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

  take(grants: readonly Grant[]): void {
    this.sent = (this.sent ?? 0) + grants.length;
    let start = 0;
    let bytes = 0;
    for (const [index, grant] of grants.entries()) {
      bytes += GRANT_FIELDS_BYTES + grant.payload.length;
      if (bytes > GRANT_MESSAGE_BYTES) {
        this.#send(grants.slice(start, index + 1));
        start = index + 1;
        bytes = 0;
      }
    }
    this.#send(grants.slice(start));
  }

  #send(grants: readonly Grant[]): void {
    if (grants.length > 0) {
      this.peer.sendNow({ verb: 'grant', pool: this.#pool, tasks: grants });
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
