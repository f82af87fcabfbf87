import { limits } from '@millrace/protocol';
import type { Handles } from '../engine/core/handles.ts';
import type { ClaimRequest, Grant } from '../engine/core/verbs/claim.ts';
import type { Engine } from '../engine/engine.ts';
import { tuning } from '../tuning.ts';
import { type Claimant, Claimants } from './claimants.ts';

/** Whether the engine had nothing more for a claimant; a claim may also end by its bytes. */
const isShort = (grants: readonly Grant[], asked: number): boolean =>
  grants.length < asked &&
  grants.reduce((sum, { payload }) => sum + payload.length, 0) < limits.claimMaxBytes;

/** Subtracts the grants of one claim. After a claim that got all there was, nothing is left of its lanes. */
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
 * Brings ready tasks and claimants together. A claimant that gains room claims in the
 * phase `claim` of the turn. One that got less than it has room for is idle until a lane
 * that it handles announces tasks; then the longest idle claims first.
 *
 * Invariant: a task that was announced while somebody was idle for it is claimed, or a
 * claimant that handles it has claimed in vain, or one is about to claim.
 */
export class Dispatcher {
  readonly #engine: Engine;
  readonly #claimants = new Claimants();
  #hungry = new Set<Claimant>();
  /** Claimants with room whose peer must first take what was sent to it. */
  readonly #congested = new Set<Claimant>();
  /**
   * Announced tasks by lane, until a claim accounts for them: a claimant that was woken
   * for one may take another, or leave.
   */
  #announced = new Map<string, number>();
  #isPlanned = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** A claimant has room. */
  wants(claimant: Claimant): void {
    this.#hungry.add(claimant);
    this.#plan();
  }

  /** A claimant is gone. Others that can take what it was woken for are woken by the next claim. */
  leaves(claimant: Claimant): void {
    this.#congested.delete(claimant);
    this.#claimants.leaves(claimant);
    this.#hungry.delete(claimant);
  }

  /** `count` more tasks of a lane can be claimed. Claimants that are hungry will see them anyway. */
  ready(laneKey: string, count: number): void {
    if (this.#claimants.longestIdle(laneKey) !== undefined) {
      this.#announced.set(laneKey, (this.#announced.get(laneKey) ?? 0) + count);
      this.#wake(laneKey, count);
    }
  }

  /** Wakes a claimant for each task, as far as there are idle ones; each may have room for just one. */
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
    if (!this.#isPlanned && this.#hungry.size > 0) {
      this.#isPlanned = true;
      this.#engine.turn.at('claim', () => {
        this.#isPlanned = false;
        this.#claim();
      });
    }
  }

  #claim(): void {
    const asking = this.#takeHungry().map((claimant) => this.#requestOf(claimant));
    const announced = this.#announced;
    this.#announced = new Map();
    // A failed claim means a failed store, which ends the manager by itself.
    const grants = asking.length === 0 || this.#engine.hasFailed ? [] : this.#engine.claim(asking);
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
      max: Math.min(tuning.claimMaxTasks, claimant.room()),
      maxBytes: limits.claimMaxBytes,
      isolates: claimant.isolates,
    };
  }

  /** The claimants that can be dealt to now; a congested one claims again when it is drained. */
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

  /** Announced tasks that no claim accounted for may still be there for idle claimants. */
  #announceAgain(announced: ReadonlyMap<string, number>): void {
    for (const [laneKey, count] of announced) {
      if (count > 0 && this.#claimants.longestIdle(laneKey) !== undefined) {
        this.#announced.set(laneKey, (this.#announced.get(laneKey) ?? 0) + count);
        this.#wake(laneKey, count);
      }
    }
  }
}
