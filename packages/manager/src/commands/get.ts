import { ITEM_NAME, limits } from '@millrace/protocol';
import type { Grant } from '../engine/engine.ts';
import type { Claimant } from '../waiting/claimants.ts';
import type { Peer, Waiting } from '../waiting/peer.ts';
import { beginWaiting, refuseIfTooMany } from '../waiting/waiting-requests.ts';
import type { Command } from './command.ts';
import type { Services } from './services.ts';

type Get = Parameters<Command<'get'>>[2][number];

/** A `get` that waits for an item. It is answered once: by an item, or as empty by its time. */
class Getter implements Claimant, Waiting {
  readonly handles: Claimant['handles'];
  readonly #services: Services;
  readonly peer: Peer;
  readonly #requestId: number;
  readonly #wait;
  #isOpen = true;
  #isOver = false;
  #asks = 0;

  constructor(services: Services, peer: Peer, request: Get) {
    this.peer = peer;
    this.handles = [{ queue: request.queue, name: ITEM_NAME }];
    this.#services = services;
    this.#requestId = request.requestId;
    const waitMs = Math.min(request.waitMs, limits.waitSliceMs);
    this.#wait = services.waits.after(waitMs, () => this.#timeOver());
    beginWaiting(peer, request.requestId, this);
  }

  room(): number {
    return this.#isOpen ? 1 : 0;
  }

  take(grants: readonly Grant[]): void {
    const [grant] = grants;
    this.#asks += 1;
    if (grant === undefined) {
      if (this.#isOpen && this.#isOver) {
        this.#answerEmpty();
      }
    } else if (this.#isOpen) {
      this.withdraw();
      const { epoch, grant: number, payload, taskId } = grant;
      this.peer.send({
        verb: 'item',
        requestId: this.#requestId,
        taskId,
        epoch,
        grant: number,
        payload,
      });
    } else {
      this.#giveBack(grant);
    }
  }

  /** The item came when this get had already ended. */
  #giveBack({ epoch, grant, taskId }: Grant): void {
    const end = { kind: 'released', result: undefined, error: undefined } as const;
    const report = { taskId, epoch, grant, ...end };
    // A failed settle means a failed store, which ends the manager by itself.
    this.#services.engine.settle(this.peer.sessionId, [report], true).catch(() => {});
  }

  /** Also a `get` that does not wait has been asked for once before it is empty. */
  #timeOver(): void {
    this.#isOver = true;
    if (this.#asks > 0) {
      this.#answerEmpty();
    }
  }

  #answerEmpty(): void {
    this.withdraw();
    this.peer.send({ verb: 'empty', requestId: this.#requestId });
  }

  withdraw(): void {
    this.#isOpen = false;
    this.#services.waits.remove(this.#wait);
    this.#services.dispatcher.leaves(this);
    this.peer.waiting.delete(this.#requestId);
  }
}

export const get: Command<'get'> = (services, peer, requests) => {
  for (const request of requests) {
    services.admitQueue(request.queue);
    if (refuseIfTooMany(peer, request.requestId)) {
      continue;
    }
    if (services.engine.hasQueue(request.queue)) {
      services.dispatcher.wants(new Getter(services, peer, request));
    } else {
      const { queue, requestId } = request;
      const message = `no queue '${queue}' is declared`;
      peer.send({ verb: 'error', requestId, code: 'UNKNOWN_QUEUE', message });
    }
  }
};
