import { ITEM_NAME, limits, type Message, type MessageNamed } from '@millrace/protocol';
import type { Grant } from '../engine/core/verbs/claim.ts';
import type { Engine } from '../engine/engine.ts';
import type { Claimant } from './claimants.ts';
import type { Dispatcher } from './dispatcher.ts';
import { beginWaiting } from './open-requests.ts';
import type { OpenRequest, Peer } from './peer.ts';
import type { Waits } from './waits.ts';

/** The parts of the manager that a getter uses. */
export interface GetterParts {
  readonly engine: Engine;
  readonly dispatcher: Dispatcher;
  readonly waits: Waits;
}

/**
 * A `get` that waits for an item. It is answered once: by an item or up to `max`, or as empty when
 * its time is over.
 */
export class Getter implements Claimant, OpenRequest {
  readonly handles: Claimant['handles'];
  readonly peer: Peer;
  readonly isolates = false;
  readonly #parts: GetterParts;
  readonly #requestId: number;
  /** Undefined for a `get` of one item, which is answered by ITEM. */
  readonly #max: number | undefined;
  readonly #wait;
  #isOpen = true;
  #isOver = false;
  #claims = 0;

  constructor(
    parts: GetterParts,
    peer: Peer,
    { max, queue, requestId, waitMs }: MessageNamed<'get'>,
  ) {
    this.peer = peer;
    this.handles = [{ queue, name: ITEM_NAME }];
    this.#parts = parts;
    this.#requestId = requestId;
    this.#max = max;
    this.#wait = parts.waits.after(Math.min(waitMs, limits.waitSliceMs), () => this.#timeOver());
    beginWaiting(peer, requestId, this);
    parts.dispatcher.wants(this);
  }

  room(): number {
    return this.#isOpen ? (this.#max ?? 1) : 0;
  }

  take(grants: readonly Grant[]): void {
    this.#claims += 1;
    if (grants.length === 0) {
      if (this.#isOpen && this.#isOver) {
        this.#answerEmpty();
      }
    } else if (this.#isOpen) {
      this.withdraw();
      this.peer.send(this.#answerOf(grants));
    } else {
      this.#giveBack(grants);
    }
  }

  #answerOf(grants: readonly Grant[]): Message {
    const requestId = this.#requestId;
    const items = grants.map(({ epoch, grant, payload, taskId }) => ({
      taskId,
      epoch,
      grant,
      payload,
    }));
    const [item] = items;
    return item === undefined || this.#max !== undefined
      ? { verb: 'items', requestId, items }
      : { verb: 'item', requestId, ...item };
  }

  /** The items came when this `get` had already ended. */
  #giveBack(grants: readonly Grant[]): void {
    const { engine } = this.#parts;
    const end = { kind: 'released', result: undefined, error: undefined } as const;
    const reports = grants.map(({ epoch, grant, taskId }) => ({ taskId, epoch, grant, ...end }));
    // A failed settle means a failed store, which ends the manager by itself.
    engine.settle({ sessionId: this.peer.sessionId, reports }).catch(() => {});
    engine.hurry();
  }

  /** Even a `get` that does not wait claims once before it is answered as empty. */
  #timeOver(): void {
    this.#isOver = true;
    if (this.#claims > 0) {
      this.#answerEmpty();
    }
  }

  #answerEmpty(): void {
    this.withdraw();
    this.peer.send({ verb: 'empty', requestId: this.#requestId });
  }

  withdraw(): void {
    this.#isOpen = false;
    this.#parts.waits.remove(this.#wait);
    this.#parts.dispatcher.leaves(this);
    this.peer.openRequests.delete(this.#requestId);
  }
}
