import { limits, type MessageNamed } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import { beginWaiting } from './open-requests.ts';
import type { OpenRequest, Peer } from './peer.ts';
import { refuseUnknownQueue } from './refuse.ts';
import type { TimedWait, Waits } from './waits.ts';

/** A `join` that waits until its queue has nothing unfinished, or its time is over. */
interface Join extends OpenRequest {
  readonly peer: Peer;
  readonly requestId: number;
  readonly queue: string;
  readonly wait: TimedWait;
}

/**
 * The requests that wait until everything in a queue is done. Only a durable end of a task makes
 * this look at its queue, and an answer reflects only what is durable.
 */
export class Joins {
  readonly #engine: Engine;
  readonly #waits: Waits;
  readonly #byQueue = new Map<string, Set<Join>>();

  constructor(engine: Engine, waits: Waits) {
    this.#engine = engine;
    this.#waits = waits;
  }

  wait(peer: Peer, { queue, requestId, waitMs }: MessageNamed<'join'>): void {
    const join: Join = {
      peer,
      requestId,
      queue,
      wait: this.#waits.after(Math.min(waitMs, limits.waitSliceMs), () => this.#look([join], true)),
      withdraw: () => void this.#end(join),
    };
    beginWaiting(peer, requestId, join);
    const others = this.#byQueue.get(queue) ?? new Set();
    this.#byQueue.set(queue, others.add(join));
    this.#look([join], false);
  }

  /** A task of this queue has ended. */
  look(queue: string): void {
    const joins = this.#byQueue.get(queue);
    if (joins !== undefined) {
      this.#look([...joins], false);
    }
  }

  /** @param isOver whether they are answered in any case, because their time is over */
  #look(joins: readonly Join[], isOver: boolean): void {
    // A failed size means a failed store, which ends the manager by itself.
    this.#answer(joins, isOver).catch(() => {});
  }

  async #answer(joins: readonly Join[], isOver: boolean): Promise<void> {
    const queue = joins[0]?.queue ?? '';
    const size = await this.#engine.size(queue);
    for (const join of joins) {
      if (size === 'UNKNOWN_QUEUE') {
        if (this.#end(join)) {
          refuseUnknownQueue(join.peer, join.requestId, queue);
        }
        continue;
      }
      const unfinished = size.ready + size.scheduled + size.leased;
      if ((unfinished === 0 || isOver) && this.#end(join)) {
        join.peer.send({ verb: 'joined', requestId: join.requestId, unfinished });
      }
    }
  }

  /** Whether it was still waiting. */
  #end(join: Join): boolean {
    const others = this.#byQueue.get(join.queue);
    if (others?.delete(join) !== true) {
      return false;
    }
    if (others.size === 0) {
      this.#byQueue.delete(join.queue);
    }
    this.#waits.remove(join.wait);
    join.peer.openRequests.delete(join.requestId);
    return true;
  }
}
