import { limits, type MessageNamed } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import { beginWaiting, refuseIfTooMany } from './open-requests.ts';
import type { Peer } from './peer.ts';
import { refuse } from './refuse.ts';
import type { TimedWait, Waits } from './waits.ts';

type Enqueue = MessageNamed<'enqueue'>;

/** An enqueue that waits for room, without its payloads. */
interface Parked {
  readonly peer: Peer;
  readonly requestId: number;
  readonly queue: string;
  readonly items: number;
  readonly bytes: number;
  readonly wait: TimedWait;
  invitation: TimedWait | undefined;
}

const requestKeyOf = (peer: Peer, requestId: number): string => `${peer.sessionId}/${requestId}`;

/**
 * The enqueues that wait for room in full queues, first come first served. Payloads stay
 * with their clients: when there is room, a client is invited to send its request again,
 * and the room is reserved for that request until the invitation lapses.
 */
export class Room {
  readonly #engine: Engine;
  readonly #waits: Waits;
  /** By queue, then by peer and request, in order of arrival. */
  readonly #parked = new Map<string, Map<string, Parked>>();
  /** By peer and request alone; a request waits in one queue at a time. */
  readonly #byRequest = new Map<string, Parked>();

  constructor(engine: Engine, waits: Waits) {
    this.#engine = engine;
    this.#waits = waits;
  }

  /** Whether this request must wait behind others, so that it does not take their room. */
  mustQueueUp(peer: Peer, request: Enqueue): boolean {
    const queue = request.tasks[0]?.queue ?? '';
    const parked = this.#parked.get(queue);
    if (parked === undefined || request.waitMs === 0) {
      return false;
    }
    return this.#byRequest.get(requestKeyOf(peer, request.requestId))?.invitation === undefined;
  }

  /** A request found no room: it begins to wait or goes on waiting, if it may. */
  park(peer: Peer, request: Enqueue, queue: string, reason: string): void {
    const { requestId } = request;
    const known = this.#byRequest.get(requestKeyOf(peer, requestId));
    if (known?.queue === queue) {
      this.#endInvitation(known);
      peer.send({ verb: 'parked', requestId });
      // Room that came while the request counted as invited was not offered to it.
      this.invite(queue);
      return;
    }
    if (known !== undefined) {
      // The request was invited to a queue with room; another queue of its tasks is full.
      this.#remove(known);
      this.invite(known.queue);
    }
    if (request.waitMs === 0) {
      refuse(peer, requestId, 'QUEUE_FULL', reason);
      return;
    }
    if (refuseIfTooMany(peer, requestId)) {
      return;
    }
    this.#add(peer, request, queue, reason);
    peer.send({ verb: 'parked', requestId });
    this.invite(queue);
  }

  /** Whether any request waits for room. */
  get isAwaited(): boolean {
    return this.#parked.size > 0;
  }

  /** There may be room in this queue: invites as many as fit, in their order. */
  invite(queue: string): void {
    if (this.#parked.has(queue)) {
      // A failed size means a failed store, which ends the manager by itself.
      this.#inviteThoseThatFit(queue).catch(() => {});
    }
  }

  async #inviteThoseThatFit(queue: string): Promise<void> {
    const size = await this.#engine.size(queue);
    if (size === 'UNKNOWN_QUEUE') {
      return;
    }
    let { freeBytes, freeItems } = size;
    for (const parked of this.#parked.get(queue)?.values() ?? []) {
      freeItems -= parked.items;
      freeBytes -= parked.bytes;
      if (freeItems < 0 || freeBytes < 0) {
        return;
      }
      this.#inviteOne(parked);
    }
  }

  #inviteOne(parked: Parked): void {
    if (parked.invitation !== undefined) {
      return;
    }
    parked.invitation = this.#waits.after(limits.roomInvitationMs, () => {
      // The invitation was not used: the next request is invited.
      this.#remove(parked);
      this.invite(parked.queue);
    });
    parked.peer.send({ verb: 'room', requestId: parked.requestId });
  }

  #add(peer: Peer, request: Enqueue, queue: string, reason: string): void {
    const { requestId } = request;
    const tasks = request.tasks.filter((task) => task.queue === queue);
    const parked: Parked = {
      peer,
      requestId,
      queue,
      items: tasks.length,
      bytes: tasks.reduce((sum, task) => sum + task.payload.length, 0),
      wait: this.#waits.after(request.waitMs, () => {
        const isInvited = parked.invitation !== undefined;
        this.#remove(parked);
        // An invited request is being sent again, and will be answered then.
        if (!isInvited) {
          refuse(peer, requestId, 'QUEUE_FULL', reason);
        }
        // The next request may fit where this one did not.
        this.invite(queue);
      }),
      invitation: undefined,
    };
    const others = this.#parked.get(queue) ?? new Map<string, Parked>();
    this.#parked.set(queue, others.set(requestKeyOf(peer, requestId), parked));
    this.#byRequest.set(requestKeyOf(peer, requestId), parked);
    beginWaiting(peer, requestId, {
      withdraw: () => {
        this.#remove(parked);
        this.invite(queue);
      },
    });
  }

  #endInvitation(parked: Parked): void {
    if (parked.invitation !== undefined) {
      this.#waits.remove(parked.invitation);
      parked.invitation = undefined;
    }
  }

  #remove(parked: Parked): void {
    this.#waits.remove(parked.wait);
    this.#endInvitation(parked);
    parked.peer.openRequests.delete(parked.requestId);
    const key = requestKeyOf(parked.peer, parked.requestId);
    this.#byRequest.delete(key);
    const others = this.#parked.get(parked.queue);
    if (others?.delete(key) && others.size === 0) {
      this.#parked.delete(parked.queue);
    }
  }
}
