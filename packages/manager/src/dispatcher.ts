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

/** Whether the engine had nothing more for a claimant that asked for so many; a claim may also end by its bytes. */
const isShort = (grants: readonly Grant[], asked: number): boolean =>
  grants.length < asked &&
  grants.reduce((sum, { payload }) => sum + payload.length, 0) < limits.claimMaxBytes;

const laneOf = (handle: Handle): string => `${handle.queue}\0${handle.name}`;

/** Takes off what a claimant was dealt; where one got all there was, nothing is left. */
const account = (
  announced: Map<string, number>,
  { handles }: Claimant,
  grants: readonly Grant[],
  hasAll: boolean,
): void => {
  if (announced.size === 0) {
    return;
  }
  const lanes = handles.map(laneOf);
  for (const lane of hasAll ? lanes : []) {
    announced.delete(lane);
  }
  for (const { handle } of grants) {
    const lane = lanes[handle] ?? '';
    const left = announced.get(lane);
    if (left !== undefined) {
      announced.set(lane, left - 1);
    }
  }
};

/**
 * Brings ready tasks and claimants together. Whoever gained room asks the
 * engine; whoever got less than it has room for is idle until a lane it handles
 * has something new, and then asks in turn, longest idle first.
 *
 * Invariant: a task that was announced while somebody was idle for it is claimed,
 * or somebody who handles it has asked in vain, or somebody is about to ask.
 */
export class Dispatcher {
  readonly #engine: Engine;
  readonly #idle = new Map<string, Set<Claimant>>();
  #hungry = new Set<Claimant>();
  /** Have room, and a peer that must first take what was sent to it. */
  readonly #congested = new Set<Claimant>();
  /**
   * Tasks announced by lane, until a claim accounts for them: whoever was woken
   * for one may take another, or leave.
   */
  #announced = new Map<string, number>();
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

  /** A claimant is gone; what a claim under way brings it is still handed to it. */
  leaves(claimant: Claimant): void {
    this.#congested.delete(claimant);
    this.#setIdle(claimant, false);
    // Whoever else could take what it was woken for is woken by the next round.
    this.#hungry.delete(claimant);
  }

  /** `count` more tasks can be claimed. */
  ready(queue: string, name: string, count: number): void {
    const lane = laneOf({ queue, name });
    // Who is hungry will see them; who is being answered may not have.
    if (this.#isAsking || this.#idle.has(lane)) {
      this.#announced.set(lane, (this.#announced.get(lane) ?? 0) + count);
      this.#wake(lane);
    }
  }

  #wake(lane: string): void {
    let left = this.#announced.get(lane) ?? 0;
    for (const claimant of this.#idle.get(lane) ?? []) {
      if (left <= 0) {
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
    const announced = this.#announced;
    this.#announced = new Map();
    const requests: ClaimRequest[] = claimants.map((claimant) => ({
      sessionId: claimant.peer.sessionId,
      handles: claimant.handles,
      max: Math.min(CLAIM_MAX, claimant.room()),
      maxBytes: limits.claimMaxBytes,
    }));
    this.#isAsking = true;
    const grants = claimants.length === 0 ? [] : await this.#engine.claim(requests);
    this.#isAsking = false;
    for (const [index, claimant] of claimants.entries()) {
      const dealt = grants[index] ?? [];
      const hasAll = isShort(dealt, requests[index]?.max ?? 0);
      account(announced, claimant, dealt, hasAll);
      this.#deal(claimant, dealt, hasAll);
    }
    this.#announceAgain(announced);
    this.#plan();
  }

  /** Who can be dealt to now; whoever is congested asks again when it is not. */
  #takeHungry(): Claimant[] {
    const hungry = [...this.#hungry];
    this.#hungry = new Set();
    return hungry.filter((claimant) => {
      this.#setIdle(claimant, false);
      if (claimant.peer.isCongested) {
        this.#awaitDrain(claimant);
        return false;
      }
      return claimant.room() > 0;
    });
  }

  #awaitDrain(claimant: Claimant): void {
    if (!this.#congested.has(claimant)) {
      this.#congested.add(claimant);
      claimant.peer.onceDrained(() => {
        if (this.#congested.delete(claimant)) {
          this.wants(claimant);
        }
      });
    }
  }

  #deal(claimant: Claimant, grants: readonly Grant[], hasAll: boolean): void {
    claimant.take(grants);
    if (claimant.room() === 0) {
      return;
    }
    if (hasAll) {
      this.#setIdle(claimant, true);
    } else {
      this.#hungry.add(claimant);
    }
  }

  /** What no claim accounted for may still be there for those who are idle. */
  #announceAgain(announced: ReadonlyMap<string, number>): void {
    for (const [lane, count] of announced) {
      this.#announced.set(lane, (this.#announced.get(lane) ?? 0) + count);
    }
    for (const [lane, count] of this.#announced) {
      if (count > 0 && this.#idle.has(lane)) {
        this.#wake(lane);
      } else {
        this.#announced.delete(lane);
      }
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
