import { limits } from '@millrace/protocol';
import type { ClaimRequest, Engine, Grant, Handle } from './engine/engine.ts';
import type { Peer } from './peer.ts';

/** Somebody with room for tasks of some handles: a worker's pool, or a waiting `get`. */
export interface Claimant {
  readonly peer: Peer;
  readonly handles: readonly Handle[];
  /** How many it can take now. */
  room(): number;
  take(grants: readonly Grant[]): void;
}

/** Most tasks dealt to one claimant in one go. */
const CLAIM_MAX = 1_000;

/** Whether a claim ended because of its bytes: there may be more. */
const isFull = (grants: readonly Grant[]): boolean =>
  grants.reduce((sum, { payload }) => sum + payload.length, 0) >= limits.claimMaxBytes;

const laneOf = (handle: Handle): string => `${handle.queue}\0${handle.name}`;

/**
 * Brings ready tasks and claimants together. Whoever gained room asks the
 * engine; whoever got less than it has room for is idle until a lane it handles
 * has something new, and then asks in turn, longest idle first.
 */
export class Dispatcher {
  readonly #engine: Engine;
  readonly #idle = new Map<string, Set<Claimant>>();
  #hungry = new Set<Claimant>();
  /** Lanes that gained tasks while a claim was under way, whose claimants were not idle yet. */
  readonly #missed = new Map<string, number>();
  #isAsking = false;
  #isPlanned = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** A claimant has room. */
  wants(claimant: Claimant): void {
    this.#hungry.add(claimant);
    this.#plan();
  }

  /** A claimant is gone. Returns whether a claim for it may still be under way. */
  leaves(claimant: Claimant): void {
    this.#hungry.delete(claimant);
    this.#setIdle(claimant, false);
  }

  /** `count` more tasks can be claimed. */
  ready(queue: string, name: string, count: number): void {
    const lane = laneOf({ queue, name });
    if (this.#isAsking) {
      this.#missed.set(lane, (this.#missed.get(lane) ?? 0) + count);
    }
    this.#wake(lane, count);
  }

  #wake(lane: string, count: number): void {
    let left = count;
    for (const claimant of this.#idle.get(lane) ?? []) {
      if (left === 0) {
        break;
      }
      left -= 1;
      this.#hungry.add(claimant);
    }
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned || this.#isAsking || this.#hungry.size === 0) {
      return;
    }
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      // A failed claim means a failed store, which ends the manager by itself.
      this.#ask().catch(() => {});
    });
  }

  async #ask(): Promise<void> {
    const claimants = this.#takeHungry();
    if (claimants.length === 0) {
      return;
    }
    for (const claimant of claimants) {
      this.#setIdle(claimant, false);
    }
    const requests: ClaimRequest[] = claimants.map((claimant) => ({
      sessionId: claimant.peer.sessionId,
      handles: claimant.handles,
      max: Math.min(CLAIM_MAX, claimant.room()),
      maxBytes: limits.claimMaxBytes,
    }));
    this.#isAsking = true;
    const grants = await this.#engine.claim(requests);
    this.#isAsking = false;
    for (const [index, claimant] of claimants.entries()) {
      this.#deal(claimant, grants[index] ?? [], requests[index]?.max ?? 0);
    }
    for (const [lane, count] of this.#missed) {
      this.#wake(lane, count);
    }
    this.#missed.clear();
    this.#plan();
  }

  /** Who can be dealt to now; whoever is congested asks again when it is not. */
  #takeHungry(): Claimant[] {
    const hungry = this.#hungry;
    this.#hungry = new Set();
    return [...hungry].filter((claimant) => {
      if (claimant.peer.isCongested) {
        claimant.peer.onceDrained(() => this.wants(claimant));
        return false;
      }
      return claimant.room() > 0;
    });
  }

  #deal(claimant: Claimant, grants: readonly Grant[], asked: number): void {
    claimant.take(grants);
    if (claimant.room() === 0) {
      return;
    }
    if (grants.length === asked || isFull(grants)) {
      this.#hungry.add(claimant);
    } else {
      this.#setIdle(claimant, true);
    }
  }

  #setIdle(claimant: Claimant, isIdle: boolean): void {
    for (const handle of claimant.handles) {
      const lane = laneOf(handle);
      const idle = this.#idle.get(lane);
      if (isIdle) {
        this.#idle.set(lane, (idle ?? new Set()).add(claimant));
      } else if (idle?.delete(claimant) && idle.size === 0) {
        this.#idle.delete(lane);
      }
    }
  }
}
