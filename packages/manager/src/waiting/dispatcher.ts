import { limits } from '@millrace/protocol';
import type { Handles } from '../engine/core/handles.ts';
import type { ClaimRequest, Engine, Grant } from '../engine/engine.ts';
import { type Claimant, Claimants } from './claimants.ts';

/** Most tasks dealt to one claimant in one go. */
const CLAIM_MAX = 1_000;

/** Whether the engine had nothing more for a claimant that asked for so many; a claim may also end by its bytes. */
const isShort = (grants: readonly Grant[], asked: number): boolean =>
  grants.length < asked &&
  grants.reduce((sum, { payload }) => sum + payload.length, 0) < limits.claimMaxBytes;

/** Takes off what somebody with these handles was dealt; where one got all there was, nothing is left. */
const account = (
  announced: Map<string, number>,
  handles: Handles,
  grants: readonly Grant[],
  hasAll: boolean,
): void => {
  if (announced.size === 0) {
    return;
  }
  if (hasAll) {
    for (const laneKey of announced.keys()) {
      if (handles.positionOf(laneKey) !== undefined) {
        announced.delete(laneKey);
      }
    }
    return;
  }
  for (const { handle } of grants) {
    const laneKey = handles.laneKeys[handle] ?? '';
    const left = announced.get(laneKey);
    if (left !== undefined) {
      announced.set(laneKey, left - 1);
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
  readonly #claimants = new Claimants();
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
    this.#claimants.leaves(claimant);
    // Whoever else could take what it was woken for is woken by the next round.
    this.#hungry.delete(claimant);
  }

  /** `count` more tasks of a lane can be claimed. */
  ready(laneKey: string, count: number): void {
    // Who is hungry will see them; who is being answered may not have.
    if (this.#isAsking || this.#claimants.longestIdle(laneKey) !== undefined) {
      this.#announced.set(laneKey, (this.#announced.get(laneKey) ?? 0) + count);
      this.#wake(laneKey, count);
    }
  }

  /** Wakes as many as there are tasks; each may have room for just one. */
  #wake(laneKey: string, count: number): void {
    for (let left = count; left > 0; left--) {
      const claimant = this.#claimants.longestIdle(laneKey);
      if (claimant === undefined) {
        break;
      }
      this.#claimants.setBusy(claimant);
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
    const asking = this.#takeHungry().map((claimant) => this.#requestOf(claimant));
    const announced = this.#announced;
    this.#announced = new Map();
    this.#isAsking = true;
    const grants = asking.length === 0 ? [] : await this.#engine.claim(asking);
    this.#isAsking = false;
    for (const [index, { claimant, handles, max }] of asking.entries()) {
      const dealt = grants[index] ?? [];
      const hasAll = isShort(dealt, max);
      account(announced, handles, dealt, hasAll);
      this.#deal(claimant, dealt, hasAll);
    }
    this.#announceAgain(announced);
    this.#plan();
  }

  #requestOf(claimant: Claimant): ClaimRequest & { readonly claimant: Claimant } {
    return {
      claimant,
      sessionId: claimant.peer.sessionId,
      handles: this.#claimants.handlesOf(claimant),
      max: Math.min(CLAIM_MAX, claimant.room()),
      maxBytes: limits.claimMaxBytes,
    };
  }

  /** Who can be dealt to now; whoever is congested asks again when it is not. */
  #takeHungry(): Claimant[] {
    const hungry = [...this.#hungry];
    this.#hungry = new Set();
    return hungry.filter((claimant) => {
      this.#claimants.setBusy(claimant);
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
      this.#claimants.setIdle(claimant);
    } else {
      this.#hungry.add(claimant);
    }
  }

  /** What no claim accounted for may still be there for those who are idle. */
  #announceAgain(announced: ReadonlyMap<string, number>): void {
    for (const [laneKey, count] of announced) {
      this.#announced.set(laneKey, (this.#announced.get(laneKey) ?? 0) + count);
    }
    for (const [laneKey, count] of this.#announced) {
      if (count > 0 && this.#claimants.longestIdle(laneKey) !== undefined) {
        this.#wake(laneKey, count);
      } else {
        this.#announced.delete(laneKey);
      }
    }
  }
}
